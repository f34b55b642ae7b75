// Turn: one start or stop at a time.
//
// Owns a semaphore and the name of the thread that has the turn: whoever has it and asks again, from inside a product's
// method, is told so instead of waiting for itself. A child gets a new one, so one that is taken at a fork is no matter.
// Neighbour: ProductManager.

internal import Glibc

/// sem_clockwait(3), which the Glibc module leaves out.
@_silgen_name("sem_clockwait")
private func linux_sem_clockwait(
    _ semaphore: UnsafeMutablePointer<sem_t>, _ clock: clockid_t, _ end: UnsafePointer<timespec>
) -> Int32

/// The right to call the products' methods.
final class Turn: @unchecked Sendable {
    /// What became of a request.
    enum Answer {
        /// The caller has it and must give it back.
        case taken
        /// The caller had it already.
        case isCallers
        /// Another thread has kept it for too long.
        case tooLate
    }

    // Safe: a semaphore is made for many threads, and it stays where it is until nobody has the object.
    private let semaphore: UnsafeMutablePointer<sem_t>
    private let holder = Guarded<pthread_t?>(nil)

    /// A turn that nobody has.
    init() {
        semaphore = .allocate(capacity: 1)
        semaphore.initialize(to: sem_t())
        let result = sem_init(semaphore, 0, 1)
        // It fails only for a count that is too large.
        precondition(result == 0, "sem_init")
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Takes the turn, waiting for it: for ever when `limit` is nil.
    func take(within limit: Duration?) -> Answer {
        let me = pthread_self()
        if holder.withLock({ $0.map { pthread_equal($0, me) != 0 } ?? false }) { return .isCallers }
        guard wait(limit) else { return .tooLate }
        holder.withLock { $0 = me }
        return .taken
    }

    /// Gives the turn back.
    func giveBack() {
        holder.withLock { $0 = nil }
        sem_post(semaphore)
    }

    /// Waits for the semaphore; false when the time is over.
    private func wait(_ limit: Duration?) -> Bool {
        var end = limit.map(Self.moment)
        while true {
            let result = end == nil ? sem_wait(semaphore) : linux_sem_clockwait(semaphore, CLOCK_MONOTONIC, &end!)
            if result == 0 { return true }
            guard errno == EINTR else { return false }
        }
    }

    /// A time from now, on the monotonic clock.
    private static func moment(after limit: Duration) -> timespec {
        var time = timespec()
        _ = clock_gettime(CLOCK_MONOTONIC, &time)
        let (seconds, attoseconds) = limit.components
        let nanoseconds = time.tv_nsec + Int(attoseconds / 1_000_000_000)
        time.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        time.tv_nsec = nanoseconds % 1_000_000_000
        return time
    }
}
