// PollBell: how other threads reach the one that polls while it rests.
//
// Owns the set of reasons and the semaphore behind it. However often it rings, the semaphore is raised once until the thread
// has looked; a reason that has been rung for is never lost. Neighbours: RemoteConfigThread rests by it.

internal import GraftConfig
internal import Synchronization

/// Wakes the thread that polls.
final class PollBell: Sendable {
    /// Why it rings.
    struct Reasons: OptionSet, Sendable {
        let rawValue: UInt8

        /// A callback waits for what is held.
        static let delivery = Reasons(rawValue: 1)
        /// The agent is to be asked before the next interval.
        static let request = Reasons(rawValue: 2)
        /// It is over; this reason stays.
        static let stop = Reasons(rawValue: 4)
    }

    /// The reasons that the thread has not seen.
    private let pending = Atomic<UInt8>(0)
    /// Raised when `pending` becomes something.
    private let semaphore = WaitSemaphore()

    /// Rings. Any thread, a signal handler too.
    func ring(_ reason: Reasons) {
        // Pairs with `answer`: what was done before the bell rang is seen by the thread that answers.
        let before = pending.bitwiseOr(reason.rawValue, ordering: .acquiringAndReleasing).oldValue
        if before == 0 { semaphore.signal() }
    }

    /// Whether it has rung for the end.
    var hasStopped: Bool { !Reasons(rawValue: pending.load(ordering: .acquiring)).isDisjoint(with: .stop) }

    /// Waits until it rings, or until `deadline` in nanoseconds of the monotonic clock; the reasons since the last time.
    func answer(until deadline: UInt64) -> Reasons {
        if !hasStopped { _ = semaphore.wait(until: deadline) }
        return take()
    }

    /// The reasons since the last time, without waiting.
    @discardableResult
    func take() -> Reasons {
        // The semaphore stays as it is: a wait may end once without a reason.
        Reasons(rawValue: pending.bitwiseAnd(Reasons.stop.rawValue, ordering: .acquiringAndReleasing).oldValue)
    }
}
