// PollPace: how long to wait until the next poll.
//
// Owns a pure function of how things stand and of a random number that is given. The interval is the back end's if it has
// named one within reason; rounds without an answer double it, up to a limit; a tenth more or less keeps many clients from
// asking in step. Neighbours: AgentLink counts the rounds.

/// The pause between polls.
public struct PollPace: Sendable, Hashable {
    /// The pause when nobody says otherwise.
    public static let standardInterval = Duration.seconds(5)
    /// The longest pause after failures, unless the interval itself is longer.
    public static let maximumBackoff = Duration.seconds(30)
    /// The pauses that the back end may ask for.
    public static let refreshIntervals = Duration.seconds(1)...Duration.seconds(60)
    /// How far a pause may be off, as a share of it.
    public static let jitter = 0.1

    /// The pause that was chosen for this program; at least a millisecond.
    public let interval: Duration
    /// Whether the back end may ask for another one.
    public let followsBackend: Bool
    /// The pause that the back end has asked for, if it may.
    private(set) var refreshInterval: Duration?

    /// A pace. An interval below a millisecond becomes one: no host is to be kept busy by polls.
    public init(interval: Duration = standardInterval, followsBackend: Bool = true) {
        self.interval = max(interval, .milliseconds(1))
        self.followsBackend = followsBackend
    }

    /// Takes in what the back end asks for, in seconds; nil when it no longer asks.
    mutating func follow(refreshInterval seconds: Double?) {
        guard followsBackend, let seconds, seconds.isFinite else {
            refreshInterval = nil
            return
        }
        let bounds = Self.refreshIntervals
        refreshInterval = seconds >= 60 ? bounds.upperBound : max(.seconds(seconds), bounds.lowerBound)
    }

    /// The pause after so many rounds without an answer. `random` is from 0 up to, not including, 1.
    public func delay(fruitlessRounds rounds: Int, random: Double) -> Duration {
        let base = refreshInterval ?? interval
        var (delay, left) = (base, rounds)
        while left > 1 && delay < Self.maximumBackoff {
            delay *= 2
            left -= 1
        }
        return min(delay, max(base, Self.maximumBackoff)) * (1 - Self.jitter + 2 * Self.jitter * random)
    }
}
