// AgentInfo: whether an agent offers Remote Configuration.
//
// Owns the reading of `/info`, of which this client needs one thing.

internal import GraftConfig

/// What an agent says about itself.
struct AgentInfo: Sendable, Hashable {
    /// The most bytes of an answer.
    static let maximumBytes = 4 << 20

    /// Whether it offers Remote Configuration.
    var offersRemoteConfig: Bool

    /// Reads the answer to `/info`.
    static func read(_ body: [UInt8]) throws(ConfigError) -> AgentInfo {
        var limits = JSONLimits()
        limits.bytes = maximumBytes
        let root = try JSONDocument.parse(body, limits: limits).root
        guard root.kind == .object else { throw root.error("an object is expected, not \(root.kind.noun)") }
        let endpoints = root["endpoints"]?.elements?.compactMap(\.string) ?? []
        return AgentInfo(offersRemoteConfig: endpoints.contains { $0 == "/v0.7/config" || $0 == "v0.7/config" })
    }
}
