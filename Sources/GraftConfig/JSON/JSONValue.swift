// JSONValue: a JSON value by itself, to build, compare and write.
//
// Owns the vocabulary of values. It knows no text: JSONDocument reads, JSONWriter writes. A value does not know where
// it stood; whoever wants to report a place works with JSONNode instead.

/// A JSON value.
///
/// ```swift
/// let report: JSONValue = ["targets": [["target": "libpq.so.5:PQexec", "hits": 12]], "complete": true]
/// print(JSONWriter.text(report, style: .pretty))
/// ```
public enum JSONValue: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number written without fraction and exponent that fits 64 bits; always exact.
    case integer(Int64)
    /// Any other number. An integer beyond 64 bits is rounded to the nearest `Double`; `JSONNode.isExact` tells.
    case number(Double)
    /// Text.
    case string(String)
    /// A list of values.
    case array([JSONValue])
    /// Named values in the order in which they were written.
    case object(JSONObject)
}

/// What sort of value something is.
public enum JSONKind: String, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool
    /// A number that `JSONValue.integer` holds.
    case integer
    /// Any other number.
    case number
    /// Text.
    case string
    /// A list.
    case array
    /// Named values.
    case object

    /// The kind with its article, for messages: "an array".
    public var noun: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue {
    /// What sort of value it is.
    public var kind: JSONKind {
        switch self {
        case .null: .null
        case .bool: .bool
        case .integer: .integer
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    /// The boolean, if it is one.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The integer, if it is one.
    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    /// The number, integers included (rounded beyond 2^53).
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
    /// The text, if it is text.
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The elements, if it is an array.
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    /// The members, if it is an object.
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The member with this key, if it is an object that has one.
    public subscript(key: String) -> JSONValue? { object?[key] }

    /// The element with this index, if it is an array that has one.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// An integer of any width; one beyond `Int64` becomes the nearest `number`.
    public init(_ value: some BinaryInteger) {
        self = Int64(exactly: value).map(JSONValue.integer) ?? .number(Double(value))
    }

    /// The text, or `null` for nil.
    public init(_ value: String?) { self = value.map(JSONValue.string) ?? .null }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    /// `null`.
    public init(nilLiteral: ()) { self = .null }
    /// `true` or `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension JSONValue: ExpressibleByFloatLiteral, ExpressibleByStringInterpolation {
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// Text.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object with the members in the order in which they are written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { JSONMember(key: $0.0, value: $0.1) }))
    }
}
