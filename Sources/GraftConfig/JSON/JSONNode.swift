// JSONNode: one value of a read text, with its place.
//
// Owns the view from outside on a node of the tape: what it is, what it holds, where it stood. Values are decoded when
// asked for. Place and path are worked out only when asked for, by walking the tape, in time that grows with the
// document: they are for error messages. Neighbours: JSONDocument, JSONElements.

/// One value of a JSON document, which knows where it stood.
///
/// A small value that shares the document's storage and keeps it alive.
public struct JSONNode: Sendable {
    /// The document that it is in.
    let document: JSONDocument
    /// Its index on the tape.
    let index: Int

    /// Its node on the tape.
    private var node: JSONTapeNode { document.tape[index] }

    /// What sort of value it is.
    public var kind: JSONKind {
        switch node.kind {
        case .null: .null
        case .true, .false: .bool
        case .integer: .integer
        case .number: .number
        case .string, .escapedString: .string
        case .array: .array
        case .object: .object
        }
    }

    /// Whether it is `null`.
    public var isNull: Bool { node.kind == .null }

    /// The boolean, if it is one.
    public var bool: Bool? {
        switch node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// The integer, if it is a number without fraction and exponent that fits 64 bits. `-0` is 0.
    public var integer: Int64? { node.kind == .integer ? JSONText.integer(source) : nil }

    /// The number as the nearest `Double`, integers included.
    public var number: Double? {
        node.kind == .integer || node.kind == .number ? JSONText.double(source) : nil
    }

    /// Whether `value` holds exactly what was written; false for a number that had to be rounded to a `Double`
    /// because it is an integer beyond 64 bits. Fractions count as exact: their nearest `Double` is what is meant.
    public var isExact: Bool {
        node.kind != .number || source.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
    }

    /// The text, if it is text.
    public var string: String? {
        node.kind == .string || node.kind == .escapedString ? node.string(in: document.bytes) : nil
    }

    /// The UTF-8 of a string's text as it stands between its quotes; nil if it is no string, or one with escapes, whose text
    /// is not what is written.
    package var plainText: ArraySlice<UInt8>? {
        node.kind == .string ? document.bytes[Int(node.start) + 1..<Int(node.end) - 1] : nil
    }

    /// The elements, if it is an array.
    public var elements: JSONElements? {
        node.kind == .array ? JSONElements(document: document, position: index + 1, end: Int(node.next)) : nil
    }

    /// The members, if it is an object.
    public var members: JSONMembers? {
        node.kind == .object ? JSONMembers(document: document, position: index + 1, end: Int(node.next)) : nil
    }

    /// The member with this key, if it is an object that has one. Takes time in proportion to the number of members.
    public subscript(key: String) -> JSONNode? {
        members?.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The value by itself, with all that it contains.
    public var value: JSONValue {
        switch node.kind {
        case .null: .null
        case .true: .bool(true)
        case .false: .bool(false)
        case .integer: .integer(JSONText.integer(source))
        case .number: .number(JSONText.double(source))
        case .string, .escapedString: .string(node.string(in: document.bytes))
        case .array: .array(elements?.map(\.value) ?? [])
        case .object: .object(JSONObject(members?.map { JSONMember(key: $0.key, value: $0.value.value) } ?? []))
        }
    }

    /// The bytes of the text that it was read from, as they stand: the exact digits of a number, a string in quotes.
    public var source: ArraySlice<UInt8> { document.bytes[Int(node.start)..<Int(node.end)] }
}

// MARK: Place

extension JSONNode {
    /// Bytes of the text before it.
    public var offset: Int { Int(node.start) }

    /// Where it stood. Takes time in proportion to the document, so it is for errors.
    public var place: JSONPlace { JSONPlace(offset: offset, in: document.bytes, path: path) }

    /// The way from the root. Takes time in proportion to the document, so it is for errors.
    public var path: JSONPath {
        var steps: [JSONPath.Step] = []
        var container = document.root
        while container.index != index {
            guard let (step, child) = container.child(around: index) else { break }
            steps.append(step)
            container = child
        }
        return JSONPath(steps)
    }

    /// An error about this value: what it should be, with the place where it stands.
    public func error(_ message: String, code: ConfigError.Code = .payload) -> ConfigError {
        ConfigError(code, message, place: place)
    }

    /// The element or member that contains the node `target`, and the step to it.
    private func child(around target: Int) -> (JSONPath.Step, JSONNode)? {
        if let elements {
            for (position, child) in elements.enumerated() where target < Int(child.node.next) {
                return (.index(position), child)
            }
        }
        return members?.first { target < Int($0.value.node.next) }.map { (.key($0.key), $0.value) }
    }
}
