// PollReport: what happened in one poll, for the log, the status and the telemetry.
//
// Owns values only. The poller makes them; whoever drives it decides what becomes of them.

/// One call of a callback.
public struct CallReport: Sendable, Hashable {
    /// What was called.
    public enum Kind: String, Sendable, Hashable {
        /// The call with payloads.
        case payload
        /// The call for each poll.
        case periodic
    }

    /// The longest that a call may take without being reported as slow.
    public static let slowThreshold = Duration.milliseconds(500)

    /// The product whose callback it was.
    public var product: String
    /// What was called.
    public var kind: Kind
    /// How long it took.
    public var elapsed: Duration
    /// What it threw, bounded; nil when it returned.
    public var error: String?

    /// Whether it took longer than it should.
    public var isSlow: Bool { elapsed > Self.slowThreshold }

    /// The line for the log; nil when all was well.
    var line: RemoteConfigLogLine? {
        let what = kind == .payload ? "the callback" : "the periodic callback"
        if let error { return RemoteConfigLogLine(.error, "\(what) of \(product) failed: \(error)") }
        guard isSlow else { return nil }
        let milliseconds = elapsed / .milliseconds(1)
        return RemoteConfigLogLine(.warning, "\(what) of \(product) took \(Int(milliseconds.rounded())) ms")
    }
}

/// What happened in one poll.
public struct PollReport: Sendable, Equatable {
    /// The answers, one for each question that was asked.
    public var outcomes: [ReceiveOutcome] = []
    /// The calls of callbacks, in order.
    public var calls: [CallReport] = []
    /// What is worth a line in the log, in order.
    public var log: [RemoteConfigLogLine] = []
    /// How long the agent took to answer, all questions together.
    public var latency = Duration.zero
    /// How long to wait until the next poll.
    public var delay = Duration.zero

    /// Adds a call, and its line unless `isKnown`.
    mutating func add(_ call: CallReport, isKnown: Bool = false) {
        calls.append(call)
        if !isKnown, let line = call.line { log.append(line) }
    }

    /// Adds an answer.
    mutating func add(_ outcome: ReceiveOutcome) {
        outcomes.append(outcome)
        log += outcome.log
    }
}
