// LibraryConfigReader: from `lib_config` as JSON to typed values.
//
// Owns the converters and the rule how much a mistake costs: a known field of the wrong type makes the whole file
// unusable, with its place in the message; a sampling rule or a tag that is incomplete is left out alone, and told of; a
// field that is not known is kept. Neighbours: APMTracingFile calls it, LibraryConfig is the result.

internal import GraftConfig

/// Reads one `lib_config`.
struct LibraryConfigReader {
    /// What has been read.
    private(set) var config = LibraryConfig()
    /// What was left out, each with its place.
    private(set) var warnings: [String] = []

    /// Fields that are not switches.
    private static let compound = [
        "tracing_sampling_rate", "tracing_sampling_rules", "tracing_header_tags", "tracing_tags",
    ]

    /// Reads an object.
    init(_ object: JSONObject) throws(ProductError) {
        for (name, field) in LibraryConfig.switches {
            guard let value = Self.opinion(object, name) else { continue }
            guard let bool = value.bool else { throw Self.mismatch(name, "a boolean", value) }
            config[keyPath: field] = bool
        }
        try readRate(object)
        try readLists(object)
        let known = Set(LibraryConfig.switches.map(\.name) + Self.compound)
        config.others.members = object.members.filter { $0.value != .null && !known.contains($0.key) }
    }

    /// A field's value; nil when it is absent or `null`.
    private static func opinion(_ object: JSONObject, _ name: String) -> JSONValue? {
        // Not by flatMap: a nil inside would be taken for the JSON value `null`.
        guard let value = object[name], value != .null else { return nil }
        return value
    }

    /// A field is not of the type that it has to be of.
    private static func mismatch(_ place: String, _ noun: String, _ value: JSONValue) -> ProductError {
        ProductError(.payload, "lib_config.\(place): \(noun) is expected, not \(value.kind.noun)")
    }

    /// The rate for everything.
    private mutating func readRate(_ object: JSONObject) throws(ProductError) {
        let name = "tracing_sampling_rate"
        guard let value = Self.opinion(object, name) else { return }
        guard let rate = value.number else { throw Self.mismatch(name, "a number", value) }
        guard (0...1).contains(rate) else {
            throw ProductError(.payload, "lib_config.\(name): a rate is from 0 to 1, not \(rate)")
        }
        config.tracingSamplingRate = rate
    }

    /// The lists.
    private mutating func readLists(_ object: JSONObject) throws(ProductError) {
        config.tracingSamplingRules = try list("tracing_sampling_rules", object, "rule", Self.rule)
        config.tracingHeaderTags = try list("tracing_header_tags", object, "header") { value in
            value["header"]?.string.map { HeaderTag(header: $0, tagName: value["tag_name"]?.string ?? "") }
        }
        config.tracingTags = try list("tracing_tags", object, "tag") { $0.string.flatMap { SpanTag($0) } }
    }

    /// One list, without the elements that cannot be read; nil when there is none.
    private mutating func list<Element>(
        _ name: String, _ object: JSONObject, _ noun: String, _ read: (JSONValue) -> Element?
    ) throws(ProductError) -> [Element]? {
        guard let value = Self.opinion(object, name) else { return nil }
        guard let elements = value.array else { throw Self.mismatch(name, "an array", value) }
        guard elements.count <= APMTracingLimits.elements else {
            throw ProductError(.limit, "lib_config.\(name): more than \(APMTracingLimits.elements) elements")
        }
        var found: [Element] = []
        for (index, element) in elements.enumerated() {
            if let element = read(element) {
                found.append(element)
            } else if warnings.count < APMTracingLimits.warnings {
                warnings.append("lib_config.\(name)[\(index)]: not a complete \(noun), left out")
            }
        }
        return found
    }

    /// A sampling rule: with a rate, a provenance and something that it is about; else nil.
    private static func rule(_ value: JSONValue) -> SamplingRule? {
        guard let rate = value["sample_rate"]?.number, (0...1).contains(rate),
            let provenance = value["provenance"]?.string.flatMap(SamplingRule.Provenance.init)
        else { return nil }
        var rule = SamplingRule(sampleRate: rate, provenance: provenance)
        rule.service = value["service"]?.string
        rule.name = value["name"]?.string
        rule.resource = value["resource"]?.string
        for tag in value["tags"]?.array ?? [] {
            guard let key = tag["key"]?.string, let glob = tag["value_glob"]?.string else { return nil }
            rule.tags[key] = glob
        }
        let isAboutSomething = rule.service != nil || rule.name != nil || rule.resource != nil || !rule.tags.isEmpty
        return isAboutSomething ? rule : nil
    }
}
