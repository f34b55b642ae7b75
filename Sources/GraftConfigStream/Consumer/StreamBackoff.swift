// StreamBackoff: how long to wait before the next attempt.
//
// Owns exponential backoff with full jitter: a random part of a time that doubles up to a cap, so that thousands of clients
// of one core agent that has restarted do not come back together (Marc Brooker, "Exponential Backoff And Jitter", AWS
// Architecture Blog, 2015). Neighbours: StreamMachine counts the attempts.

/// The pauses after something went wrong.
public struct StreamBackoff: Sendable, Hashable {
    /// The longest first pause.
    public var initial: Duration
    /// The longest pause of all.
    public var cap: Duration

    /// Pauses of at most `initial` at first, and of at most `cap` in the end.
    public init(initial: Duration = .milliseconds(500), cap: Duration = .seconds(30)) {
        self.initial = initial
        self.cap = cap
    }

    /// The longest pause before an attempt: 0 is the first.
    public func limit(attempt: Int) -> Duration {
        var limit = initial
        for _ in 0..<min(max(attempt, 0), 62) where limit < cap { limit *= 2 }
        return min(limit, cap)
    }

    /// A pause before an attempt: anything from nothing to the limit.
    func pause(attempt: Int) -> Duration {
        limit(attempt: attempt) * Double.random(in: 0...1)
    }
}
