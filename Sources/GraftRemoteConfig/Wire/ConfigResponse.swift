// ConfigResponse: what the agent's answer says, before anything is decided about it.
//
// Owns the envelope: its fields, the lists' types and limits. What is wrong here is wrong with the answer as a whole. What
// belongs to one file (its metadata, its bytes) is only found here and judged by FileJudge, so that a bad file stands
// alone. Fields that it does not know are left alone. Neighbours: SignedTargets reads the targets inside.

internal import GraftConfig

/// An answer that has been read.
struct ConfigResponse: Sendable {
    /// A file as it was sent.
    struct SentFile: Sendable {
        /// Its bytes in base64; nil when the field is absent, which stands for no bytes.
        var raw: JSONNode?
        /// How often the answer has it.
        var copies = 1
    }

    /// Bodies up to this length say "nothing changed" whatever they are: `{}` with a line end, for one.
    static let emptyBodyBytes = 3

    /// Whether the agent says that what it has is too old to be used.
    var isExpired = false
    /// The version of the last root; nil when there is none that can be read.
    var rootVersion: UInt64?
    /// What is on offer; nil when the answer does not say: nothing changed.
    var targets: SignedTargets?
    /// The paths of this client's configurations, each once, in order.
    var configurations: [ExactText] = []
    /// The files that were sent, by path.
    var files: [ExactText: SentFile] = [:]

    /// Reads an answer's body.
    ///
    /// - Throws: what is wrong with the answer as a whole, with its place.
    static func read(_ body: [UInt8], limits: RemoteConfigLimits) throws(ConfigError) -> ConfigResponse {
        guard body.count > emptyBodyBytes else { return ConfigResponse() }
        let root = try JSONDocument.parse(body, limits: limits.envelope).root
        if root.isNull { return ConfigResponse() }
        guard root.kind == .object else { throw root.error("an object is expected, not \(root.kind.noun)") }
        var response = ConfigResponse()
        response.isExpired = isExpired(root["config_status"])
        guard let targets = root["targets"], !targets.isNull, targets.string != "" else { return response }
        response.rootVersion = rootVersion(root["roots"], limits: limits)
        try response.readConfigurations(root["client_configs"], limit: limits.configurations)
        try response.readFiles(root["target_files"], limit: limits.files)
        response.targets = try SignedTargets.read(targets, wanted: Set(response.configurations), limits: limits)
        return response
    }

    /// Whether the status is "expired", as a number or by its name. Other states mean that all is well.
    private static func isExpired(_ node: JSONNode?) -> Bool {
        node?.integer == 1 || node?.string == "CONFIG_STATUS_EXPIRED"
    }

    /// The version of the last root. It is only reported back, nothing is decided by it: a root that cannot be read
    /// leaves the version as it is.
    private static func rootVersion(_ node: JSONNode?, limits: RemoteConfigLimits) -> UInt64? {
        let last = node?.elements?.reduce(nil as JSONNode?) { $1 }
        guard let last, let bytes = Self.decoded(last),
            let root = try? JSONDocument.parse(bytes, limits: limits.envelope).root
        else { return nil }
        return root["signed"]?["version"]?.integer.flatMap(UInt64.init(exactly:)).flatMap { $0 > 0 ? $0 : nil }
    }

    /// Reads the paths of this client's configurations.
    private mutating func readConfigurations(_ node: JSONNode?, limit: Int) throws(ConfigError) {
        guard let node, !node.isNull else { return }
        guard let elements = node.elements else {
            throw node.error("an array of paths is expected, not \(node.kind.noun)")
        }
        var seen: Set<ExactText> = []
        for element in elements {
            guard let text = element.string else {
                throw element.error("a path is expected, not \(element.kind.noun)")
            }
            guard seen.insert(ExactText(text)).inserted else { continue }
            guard seen.count <= limit else {
                throw element.error("a client has at most \(limit) configurations", code: .limit)
            }
            configurations.append(ExactText(text))
        }
    }

    /// Finds the files.
    private mutating func readFiles(_ node: JSONNode?, limit: Int) throws(ConfigError) {
        guard let node, !node.isNull else { return }
        guard let elements = node.elements else {
            throw node.error("an array of files is expected, not \(node.kind.noun)")
        }
        var count = 0
        for element in elements {
            count += 1
            guard count <= limit else {
                throw element.error("an answer has at most \(limit) files", code: .limit)
            }
            guard let path = element["path"]?.string else { throw element.error("a file has a path") }
            let key = ExactText(path)
            if files[key] != nil {
                files[key]?.copies += 1
            } else {
                files[key] = SentFile(raw: element["raw"].flatMap { $0.isNull ? nil : $0 })
            }
        }
    }

    /// The bytes that a string in base64 stands for; nil when it is none.
    static func decoded(_ node: JSONNode) -> [UInt8]? {
        // Mostly nothing is escaped, and then the text can be read where it stands.
        guard let text = node.plainText else { return node.string.flatMap { Base64.bytes(of: $0) } }
        return text.withUnsafeBufferPointer { Base64.bytes(of: $0) }
    }
}
