// ReceiveOutcome: what an answer has changed.
//
// Owns values only. RemoteConfigState makes them; the poller delivers the changes and whoever drives it logs the lines.

public import GraftConfig

/// What an answer has changed.
public struct ReceiveOutcome: Sendable, Equatable {
    /// What the answer was.
    public enum Verdict: Sendable, Equatable {
        /// The agent says what it can do; when it offers Remote Configuration, it can be asked at once.
        case info(offersRemoteConfig: Bool)
        /// Nothing has changed.
        case unchanged
        /// Everything that is in force was stated anew.
        case updated
        /// What the agent has is too old; nothing is in force.
        case expired
        /// The answer cannot be used, and why; what was in force stays in force, and the next request says so.
        case refused(ConfigError)
        /// The agent has no Remote Configuration; what was in force stays in force.
        case notOffered
        /// No answer, and why; what was in force stays in force.
        case failed(String)
    }

    /// What the answer was.
    public var verdict: Verdict
    /// What has changed, product by product, in the order of their names.
    public var changes: [ProductChanges] = []
    /// The files that were refused alone, also those that had been refused before.
    public var refused: [Refusal] = []
    /// What is worth a line in the log.
    public var log: [RemoteConfigLogLine] = []

    /// An outcome without changes.
    init(_ verdict: Verdict) { self.verdict = verdict }
}

/// What has changed for one product.
public struct ProductChanges: Sendable, Equatable {
    /// The product.
    public var product: String
    /// The removals, then what is new or has changed; each in the order of the paths.
    public var payloads: [Payload]

    /// Sorts payloads by product, removals first.
    static func sorted(removals: [Payload], additions: [Payload]) -> [ProductChanges] {
        var byProduct: [String: [Payload]] = [:]
        for payload in removals.sorted(by: { $0.path < $1.path }) + additions.sorted(by: { $0.path < $1.path }) {
            byProduct[payload.path.product, default: []].append(payload)
        }
        return byProduct.sorted { $0.key < $1.key }.map { ProductChanges(product: $0.key, payloads: $0.value) }
    }
}
