// LibraryConfigParts: the compound fields of a configuration of APM_TRACING.
//
// Owns values only: sampling rules, header tags, span tags, and how each is written. Neighbour: LibraryConfig.

internal import GraftConfig

/// A share of certain spans that is to be kept.
public struct SamplingRule: Sendable, Hashable {
    /// Who made the rule.
    public enum Provenance: String, Sendable, Hashable {
        /// A person; the decision maker is written as -11.
        case customer
        /// The backend; written as -12.
        case dynamic

        /// The sampling mechanism, as `_dd.p.dm` shows it.
        public var decisionMaker: Int { self == .customer ? -11 : -12 }
    }

    /// The share: 0 to 1.
    public var sampleRate: Double
    /// Who made it.
    public var provenance: Provenance
    /// A pattern for the service; nil for any.
    public var service: String?
    /// A pattern for the operation; nil for any.
    public var name: String?
    /// A pattern for the resource; nil for any.
    public var resource: String?
    /// Patterns for the values of tags, by key.
    public var tags: [String: String]

    /// A rule with these parts.
    public init(
        sampleRate: Double, provenance: Provenance, service: String? = nil, name: String? = nil,
        resource: String? = nil, tags: [String: String] = [:]
    ) {
        self.sampleRate = sampleRate
        self.provenance = provenance
        self.service = service
        self.name = name
        self.resource = resource
        self.tags = tags
    }

    /// As it is written on the wire, the tags in the order of their keys.
    var json: JSONValue {
        var object = JSONObject()
        object["service"] = service.map(JSONValue.string)
        object["name"] = name.map(JSONValue.string)
        object["resource"] = resource.map(JSONValue.string)
        if !tags.isEmpty {
            object["tags"] = .array(
                tags.sorted { $0.key < $1.key }.map { ["key": .string($0.key), "value_glob": .string($0.value)] })
        }
        object["sample_rate"] = .number(sampleRate)
        object["provenance"] = .string(provenance.rawValue)
        return .object(object)
    }
}

/// An HTTP header that becomes a tag.
public struct HeaderTag: Sendable, Hashable {
    /// The header.
    public var header: String
    /// The tag; empty for the default name.
    public var tagName: String

    /// A header with its tag.
    public init(header: String, tagName: String = "") {
        self.header = header
        self.tagName = tagName
    }

    /// As it is written on the wire.
    var json: JSONValue { ["header": .string(header), "tag_name": .string(tagName)] }
}

/// A tag of every span.
public struct SpanTag: Sendable, Hashable {
    /// The key.
    public var key: String
    /// The value, which may contain colons.
    public var value: String

    /// A tag.
    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    /// Reads `key:value`: the first colon divides. nil without a colon or a key.
    init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex else { return nil }
        self.init(key: String(text[..<colon]), value: String(text[text.index(after: colon)...]))
    }

    /// As it is written on the wire.
    var json: JSONValue { .string("\(key):\(value)") }
}
