// WaitSemaphore: a count that one thread raises and another waits for, until a moment at most.
//
// Owns one semaphore of this process. It has no descriptor, so a host that closes what it did not open cannot break it,
// and a forked child shares nothing with its parent. Neighbours: whoever also waits for descriptors uses WakeEvent.

internal import Glibc

/// sem_clockwait(3), which the Glibc module leaves out.
@_silgen_name("sem_clockwait")
private func linux_sem_clockwait(
    _ semaphore: UnsafeMutablePointer<sem_t>, _ clock: clockid_t, _ end: UnsafePointer<timespec>
) -> Int32

/// A semaphore.
package final class WaitSemaphore: @unchecked Sendable {
    // Safe: a semaphore is made for many threads, and it stays where it is until nobody has the object.
    private let semaphore: UnsafeMutablePointer<sem_t>

    /// A semaphore that lets so many waits end.
    package init(_ count: UInt32 = 0) {
        semaphore = .allocate(capacity: 1)
        semaphore.initialize(to: sem_t())
        let result = sem_init(semaphore, 0, count)
        // It fails only for a count that is too large.
        precondition(result == 0, "sem_init")
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Lets one wait end: one that is going on, or else the next one.
    package func signal() {
        // It fails only when the count is at its end, and then more waits may end than there will ever be.
        _ = sem_post(semaphore)
    }

    /// Waits for a signal and takes it; false when `deadline`, in nanoseconds of the monotonic clock, comes first. Without a
    /// deadline it waits as long as it takes.
    package func wait(until deadline: UInt64? = nil) -> Bool {
        var end = timespec()
        if let deadline {
            end.tv_sec = Int(deadline / MonotonicTime.second)
            end.tv_nsec = Int(deadline % MonotonicTime.second)
        }
        while true {
            let result =
                deadline == nil ? sem_wait(semaphore) : linux_sem_clockwait(semaphore, CLOCK_MONOTONIC, &end)
            if result == 0 { return true }
            guard errno == EINTR else { return false }
        }
    }
}
