// SignedTargets: the list of everything that there is, as far as it concerns this client.
//
// Owns the reading of the targets inside an answer. The list names the configurations of a whole organisation; only those
// that the answer assigns to this client are kept, and what they say is read when a file is judged. Signatures and dates
// are the agent's business: it says by a status of its own when what it has is too old. Neighbours: ConfigResponse,
// TargetMetadata.

internal import GraftConfig

/// The targets that an answer carries.
struct SignedTargets: Sendable {
    /// Their version.
    var version: UInt64
    /// What the back end asks to be told; nil when it does not.
    var backendState: String?
    /// How many seconds the back end asks to let pass between polls; nil when it does not.
    var refreshInterval: Double?
    /// What is said about each wanted path.
    var entries: [ExactText: JSONNode] = [:]

    /// Reads the targets.
    ///
    /// - Throws: what is wrong, said of the targets.
    static func read(
        _ node: JSONNode, wanted: Set<ExactText>, limits: RemoteConfigLimits
    ) throws(ConfigError) -> SignedTargets {
        guard let bytes = ConfigResponse.decoded(node) else { throw node.error("targets are text in base64") }
        do throws(ConfigError) {
            let root = try JSONDocument.parse(bytes, limits: limits.envelope).root
            guard let signed = root["signed"], signed.kind == .object else {
                throw root.error("targets have an object \"signed\"")
            }
            return try read(signed: signed, wanted: wanted, limits: limits)
        } catch {
            throw error.at(path: "targets")
        }
    }

    /// Reads the signed part.
    private static func read(
        signed: JSONNode, wanted: Set<ExactText>, limits: RemoteConfigLimits
    ) throws(ConfigError) -> SignedTargets {
        try checkFormat(signed)
        guard let version = signed["version"]?.integer.flatMap(UInt64.init(exactly:)) else {
            throw (signed["version"] ?? signed).error("targets have a version: a whole number from 0")
        }
        var targets = SignedTargets(version: version)
        if let custom = signed["custom"], custom.kind == .object {
            targets.backendState = try backendState(custom, limit: limits.backendStateBytes)
            targets.refreshInterval = custom["agent_refresh_interval"]?.number.flatMap { $0 > 0 ? $0 : nil }
        }
        guard let list = signed["targets"], !list.isNull else { return targets }
        guard let members = list.members else { throw list.error("targets are an object, not \(list.kind.noun)") }
        for member in members {
            let path = ExactText(member.key)
            if wanted.contains(path) { targets.entries[path] = member.value }
        }
        return targets
    }

    /// Checks that this is the list that it should be, in a format that is known.
    private static func checkFormat(_ signed: JSONNode) throws(ConfigError) {
        if let type = signed["_type"], type.string != "targets" { throw type.error("the type is not \"targets\"") }
        if let version = signed["spec_version"], version.string?.hasPrefix("1.") != true {
            throw version.error("the format's version is not 1")
        }
    }

    /// What the back end asks to be told.
    private static func backendState(_ custom: JSONNode, limit: Int) throws(ConfigError) -> String? {
        guard let node = custom["opaque_backend_state"], !node.isNull else { return nil }
        guard let text = node.string else { throw node.error("the back end's state is text") }
        guard text.utf8.count <= limit else {
            throw node.error("the back end's state has at most \(limit) bytes", code: .limit)
        }
        return text
    }
}
