// TelemetryStatus: what a client says about itself to whoever looks.

public import GraftConfig

/// How telemetry stands.
public struct TelemetryStatus: Sendable, Hashable {
    /// `off`, `starting`, `running`, `closing` or `closed`.
    public let phase: String
    /// How things stand with the agent: `starting`, `online`, `refused` or `failing`.
    public let standing: String
    /// Why the last request was not accepted; nil when it was.
    public let lastError: String?
    /// Requests that were accepted.
    public let accepted: UInt64
    /// Requests that were not.
    public let failed: UInt64
    /// Packages that are known.
    public let dependencies: Int
    /// Facts of which the newest form was not accepted yet: packages, products, settings, counts and messages.
    public let pending: Int
    /// How often something was left out because a limit has no room for it.
    public let dropped: UInt64

    /// The status as JSON.
    public var json: JSONValue {
        [
            "phase": .string(phase), "standing": .string(standing), "last_error": JSONValue(lastError),
            "requests_accepted": JSONValue(accepted), "requests_failed": JSONValue(failed),
            "dependencies": JSONValue(dependencies), "pending": JSONValue(pending), "dropped": JSONValue(dropped),
        ]
    }
}

extension TelemetryState {
    /// How telemetry stands now. Takes time in proportion to what is known.
    public var status: TelemetryStatus {
        let name =
            switch phase {
            case .off: "off"
            case .starting: "starting"
            case .running: "running"
            case .closing: "closing"
            case .closed: "closed"
            }
        return TelemetryStatus(
            phase: name, standing: link.standing.rawValue, lastError: link.lastError, accepted: accepted,
            failed: failed,
            dependencies: dependencies.ledger.entries.count, pending: pending, dropped: dropped)
    }

    /// Facts of which the newest form was not accepted yet.
    private var pending: Int {
        dependencies.ledger.entries.count { !$0.isTold } + products.entries.count { !$0.isTold }
            + configuration.ledger.entries.count { !$0.isTold } + metrics.pending + logs.count
    }

    /// How often something was left out because a limit has no room for it.
    var dropped: UInt64 {
        dependencies.ledger.dropped + dependencies.advisoriesDropped + products.dropped + configuration.ledger.dropped
            + metrics.dropped + logs.dropped
    }
}
