// APMTracingChange: what Remote Configuration brings, and what is answered to it.
//
// Owns the two values at APM_TRACING's edge. They name no client: whoever polls makes the one and reports the other.
// Neighbours: APMTracingState turns changes into acknowledgements, APMTracing adds what the products' handlers said.

public import GraftConfig

/// A configuration that is new, has changed or is gone.
public struct APMTracingChange: Sendable, Hashable {
    /// The product whose configurations are taken.
    public static let product = "APM_TRACING"

    /// The configuration's path.
    public var path: String
    /// The product in it.
    public var product: String
    /// What it says now; nil when it is gone. JSON's `null` is a configuration, and a bad one.
    public var content: JSONValue?

    /// A change.
    public init(path: String, product: String = product, content: JSONValue?) {
        self.path = path
        self.product = product
        self.content = content
    }
}

/// What became of a change.
public struct APMTracingAcknowledgement: Sendable, Hashable {
    /// What can become of one.
    public enum Outcome: Sendable, Hashable {
        /// It counts.
        case applied
        /// It is for another service or environment, which is no mistake: it is held and does not count.
        case notForUs
        /// It is gone and does not count any more.
        case removed
        /// It cannot be used, for this reason; the path's previous version, if there was one, goes on counting.
        case refused(String)
        /// It counts, but these products' handlers have thrown; they are called again with the next change.
        case failed(String)
    }

    /// The configuration's path.
    public var path: String
    /// What became of it.
    public var outcome: Outcome
    /// What was left out of it, each with its place.
    public var warnings: [String]

    /// An acknowledgement.
    public init(path: String, outcome: Outcome, warnings: [String] = []) {
        self.path = path
        self.outcome = outcome
        self.warnings = warnings
    }

    /// The state that the client reports for the path: 2 acknowledged, 3 error; nil for a path that is gone.
    public var applyState: Int? {
        switch outcome {
        case .applied, .notForUs: 2
        case .refused, .failed: 3
        case .removed: nil
        }
    }

    /// The error that the client reports for the path, `ProductLimits.messageBytes` at most; empty when there is none.
    public var applyError: String {
        switch outcome {
        case .refused(let message), .failed(let message): ProductLimits.bounded(message)
        default: ""
        }
    }
}
