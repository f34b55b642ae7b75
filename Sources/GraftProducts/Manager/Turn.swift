// Turn: one start or stop at a time.
//
// Owns a semaphore and the name of the thread that has the turn: whoever has it and asks again, from inside a product's
// method, is told so instead of waiting for itself. A child gets a new one, so one that is taken at a fork is no matter.
// Neighbour: ProductManager.

internal import Glibc
internal import GraftConfig

/// The right to call the products' methods.
final class Turn: Sendable {
    /// What became of a request.
    enum Answer {
        /// The caller has it and must give it back.
        case taken
        /// The caller had it already.
        case isCallers
        /// Another thread has kept it for too long.
        case tooLate
    }

    /// Has a signal when nobody has the turn.
    private let semaphore = WaitSemaphore(1)
    /// The thread that has it.
    private let holder = Guarded<pthread_t?>(nil)

    /// Takes the turn, waiting for it: for ever when `limit` is nil.
    func take(within limit: Duration?) -> Answer {
        let me = pthread_self()
        if holder.withLock({ $0.map { pthread_equal($0, me) != 0 } ?? false }) { return .isCallers }
        guard semaphore.wait(until: limit.map(MonotonicTime.now(plus:))) else { return .tooLate }
        holder.withLock { $0 = me }
        return .taken
    }

    /// Gives the turn back.
    func giveBack() {
        holder.withLock { $0 = nil }
        semaphore.signal()
    }
}
