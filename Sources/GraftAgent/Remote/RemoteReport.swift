// RemoteReport.swift: the link to the Datadog agent, as the report and the status show it.
//
// Owns the names of the members. What is not known is null, never absent. Neighbours: AgentReport.swift puts it into the
// document, RemoteLink.swift makes it.

package import GraftConfig
internal import GraftRemoteConfig
internal import GraftTelemetry

/// The state of the link.
package struct RemoteReport: Sendable {
    /// Where the Datadog agent is.
    let address: AgentAddress
    /// Whether it is asked for configuration.
    let polls: Bool
    /// What the client knows.
    let state: RemoteConfigState
    /// How the rounds went.
    let rounds: RoundStatistics
    /// How telemetry stands; nil when none is sent.
    let telemetry: JSONValue?

    /// The object.
    package var json: JSONValue {
        [
            "agent": .string(address.description),
            "enabled": .bool(polls),
            "state": .string(state.link.standing.name),
            "client_id": .string(state.clientID),
            "runtime_id": .string(state.tracer.runtimeID),
            "service": .string(state.tracer.service),
            "products": .array(state.products.map(JSONValue.string)),
            "targets_version": JSONValue(state.request.targetsVersion),
            "error": JSONValue(state.lastError),
            "configurations": .array(state.configStates.map(Self.configuration)),
            "polls": polling,
            "telemetry": telemetry ?? .null,
        ]
    }

    /// One configuration.
    private static func configuration(_ config: ConfigRequest.ConfigState) -> JSONValue {
        [
            "path": .string(config.path.text),
            "version": JSONValue(config.version),
            "apply_state": JSONValue(config.acknowledgement.applyState),
            "apply_error": JSONValue(config.acknowledgement.applyError),
        ]
    }

    /// How the rounds went.
    private var polling: JSONValue {
        let bounds = RoundStatistics.bounds.map { JSONValue(Int($0 / .milliseconds(1))) } + [.null]
        return [
            "count": JSONValue(rounds.rounds),
            "failed": JSONValue(rounds.failures),
            "last_failure": JSONValue(rounds.lastFailure),
            "last_ms": Self.milliseconds(rounds.lastLatency),
            "slowest_ms": Self.milliseconds(rounds.slowestLatency),
            "latencies": .array(
                zip(bounds, rounds.classes).filter { $0.1 > 0 }.map { ["up_to_ms": $0.0, "count": JSONValue($0.1)] }),
            "slow_callbacks": JSONValue(rounds.slowCalls),
            "failed_callbacks": JSONValue(rounds.failedCalls),
        ]
    }

    /// A duration in milliseconds, to the microsecond.
    private static func milliseconds(_ duration: Duration) -> JSONValue {
        JSONValue(floatLiteral: (duration / .microseconds(1)).rounded() / 1_000)
    }
}

extension RemoteLink {
    /// The link, now.
    var report: RemoteReport {
        RemoteReport(
            address: address, polls: polls, state: poller.state, rounds: inbox.rounds,
            telemetry: telemetry?.status.json)
    }
}

extension AgentLink.Standing {
    /// The name in a report; tools compare it.
    fileprivate var name: String {
        switch self {
        case .starting: "starting"
        case .online: "online"
        case .notOffered: "not-offered"
        case .failing: "failing"
        case .refusing: "refusing"
        case .expired: "expired"
        }
    }
}
