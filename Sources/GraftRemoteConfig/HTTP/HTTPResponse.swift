// HTTPResponse: an answer, whole.
//
// Owns the value and the look-up of its fields. The fields stay bytes: an agent sends a handful at every poll, and hardly
// one is ever looked at. Neighbour: HTTPResponseParser makes it.

/// An answer, whole.
package struct HTTPResponse: Sendable, Hashable {
    /// The status: 200 to 599.
    package internal(set) var status: Int
    /// The fields, in their order; those of a trailer are left out.
    package internal(set) var fields = HTTPFields()
    /// The body, out of its chunks.
    package internal(set) var body: [UInt8] = []

    /// An answer of which nothing but the status is known.
    init(status: Int) { self.status = status }
}

/// The fields of a head.
package struct HTTPFields: Sendable, Hashable {
    /// A field, as places in `bytes`.
    private struct Field: Sendable, Hashable {
        /// The name.
        var name: Range<Int>
        /// The value, without the blanks around it.
        var value: Range<Int>
    }

    /// The names and values, one after the other.
    private var bytes: [UInt8] = []
    /// Where each is.
    private var fields: [Field] = []

    /// How many there are.
    package var count: Int { fields.count }

    /// The value of the first field of this name, whatever the case of its letters; nil when there is none.
    package subscript(name: StaticString) -> String? {
        values(name).first.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The values of all fields of this name.
    func values(_ name: StaticString) -> [ArraySlice<UInt8>] {
        fields.lazy.filter { Self.isEqual(bytes[$0.name], name) }.map { bytes[$0.value] }
    }

    /// Adds a field.
    mutating func append(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
        let start = bytes.count
        bytes += name
        let end = bytes.count
        bytes += value
        fields.append(Field(name: start..<end, value: end..<bytes.count))
    }

    /// Whether these are the same but for the case of letters.
    static func isEqual(_ bytes: ArraySlice<UInt8>, _ text: StaticString) -> Bool {
        text.withUTF8Buffer { other in
            bytes.count == other.count && zip(bytes, other).allSatisfy { HTTPText.lower($0) == HTTPText.lower($1) }
        }
    }
}
