// TelemetryLink: how things stand with the agent, and which change is worth a line in the log.
//
// Owns a small state machine. One line for each change, never one for each request. Neighbours: TelemetryState feeds it.

internal import GraftRemoteConfig

/// How things stand with the agent.
struct TelemetryLink: Sendable {
    /// How things stand.
    enum Standing: String, Sendable {
        /// Nothing is known yet.
        case starting
        /// Requests are accepted.
        case online
        /// Requests are answered, and not accepted.
        case refused
        /// No answers come.
        case failing
    }

    /// Failures in a row after which the agent is said to fail.
    static let failuresUntilLine = 3

    /// How things stand.
    private(set) var standing = Standing.starting
    /// Why the last request was not accepted; nil when it was.
    private(set) var lastError: String?

    /// A request was accepted.
    mutating func accepted() -> RemoteConfigLogLine? {
        lastError = nil
        return stand(.online, "telemetry is accepted")
    }

    /// A request was answered and not accepted.
    mutating func refused(status: Int) -> RemoteConfigLogLine? {
        lastError = "status \(status)"
        return stand(.refused, "the agent does not accept telemetry: status \(status)")
    }

    /// No answer came, for so many times in a row.
    mutating func failed(_ reason: String, failures: Int) -> RemoteConfigLogLine? {
        lastError = WireText.bounded(reason)
        guard failures >= Self.failuresUntilLine else { return nil }
        return stand(.failing, "telemetry cannot be sent: \(reason)")
    }

    /// Things stand so now; the line, if they stood otherwise.
    private mutating func stand(_ new: Standing, _ text: String) -> RemoteConfigLogLine? {
        guard new != standing else { return nil }
        standing = new
        return RemoteConfigLogLine(.debug, text)
    }
}
