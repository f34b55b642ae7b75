// AgentLink: whether the agent offers Remote Configuration, and how things stand with it.
//
// Owns a small state machine without I/O: what to ask next, `/info` or configuration, and which change is worth a line in
// the log. One line for each change, never one for each poll. Neighbours: RemoteConfigState feeds it, PollPace waits by it.

/// How things stand with the agent.
public struct AgentLink: Sendable, Hashable {
    /// What is asked. `agentCheck` → `online` when `/info` lists the endpoint; `online` → `agentCheck` after
    /// `failuresUntilCheck` failures in a row, or at once when the endpoint is gone.
    public enum Phase: Sendable, Hashable {
        /// `/info`: whether there is anything to ask for.
        case agentCheck
        /// The configuration.
        case online
    }

    /// How things stand, for a status and for the log.
    public enum Standing: Sendable, Hashable {
        /// Nothing is known yet.
        case starting
        /// Answers come and can be used.
        case online
        /// The agent has no Remote Configuration.
        case notOffered
        /// No answers come.
        case failing
        /// Answers come and cannot be used.
        case refusing
        /// What the agent has is too old to be used.
        case expired
    }

    /// What has happened.
    enum Event: Sendable {
        /// `/info` lists the endpoint.
        case offered
        /// The agent has no such endpoint.
        case notOffered
        /// An answer that can be used.
        case answered
        /// An answer that cannot be used.
        case refused(String)
        /// An answer that says that all is too old.
        case expired
        /// No answer.
        case failed(String)
    }

    /// Failures in a row after which the agent is asked again what it can do, and after which it is said to fail.
    public static let failuresUntilCheck = 3

    /// What is asked next.
    public private(set) var phase: Phase
    /// How things stand.
    public private(set) var standing = Standing.starting
    /// Rounds in a row without an answer to a request for configuration; the pace follows it.
    public private(set) var fruitlessRounds = 0
    /// Failures in a row since the phase began.
    private var failures = 0
    /// Whether `/info` is asked at all.
    private let asksInfo: Bool

    /// A link of which nothing is known. Without `/info` the configuration is asked for at once, and always.
    init(asksInfo: Bool) {
        self.asksInfo = asksInfo
        phase = asksInfo ? .agentCheck : .online
    }

    /// Takes in what has happened; the line to log when things stand otherwise now.
    mutating func note(_ event: Event) -> RemoteConfigLogLine? {
        switch event {
        case .offered:
            enter(.online)
            return nil
        case .answered: return succeed(.online, .debug, "remote configuration is available")
        case .refused(let reason): return succeed(.refusing, .warning, "an answer of the agent is refused: \(reason)")
        case .expired: return succeed(.expired, .warning, "the agent's configuration has expired; nothing is in force")
        case .notOffered:
            fruitlessRounds += 1
            enter(.agentCheck)
            return stand(.notOffered, .debug, "the agent does not offer remote configuration")
        case .failed(let reason): return fail(reason)
        }
    }

    /// An answer has come.
    private mutating func succeed(
        _ new: Standing, _ level: RemoteConfigLogLine.Level, _ text: String
    ) -> RemoteConfigLogLine? {
        fruitlessRounds = 0
        enter(.online)
        return stand(new, level, text)
    }

    /// No answer has come.
    private mutating func fail(_ reason: String) -> RemoteConfigLogLine? {
        fruitlessRounds += 1
        failures += 1
        if phase == .online && failures >= Self.failuresUntilCheck { enter(.agentCheck) }
        guard fruitlessRounds >= Self.failuresUntilCheck else { return nil }
        return stand(.failing, .debug, "the agent cannot be asked for configuration: \(reason)")
    }

    /// Begins a phase; the failures before it are forgotten.
    private mutating func enter(_ new: Phase) {
        phase = asksInfo ? new : .online
        failures = 0
    }

    /// Things stand so now; the line, if they stood otherwise.
    private mutating func stand(
        _ new: Standing, _ level: RemoteConfigLogLine.Level, _ text: String
    ) -> RemoteConfigLogLine? {
        guard new != standing else { return nil }
        standing = new
        return RemoteConfigLogLine(level, text)
    }
}
