// Guarded: a value behind a lock that a forked child can go on using.
//
// Owns one pthread mutex. It is not Synchronization's Mutex, which on Linux names its holder by a thread number that the
// C library's thread remembers: in a child the thread that forked still remembers its parent's, and the first contention
// ends the process. Neighbours: everything that has state and may be used in a forked child.

internal import Glibc

/// A value that one thread at a time may touch. Sections are short: no call of a stranger, no wait, no I/O inside.
package final class Guarded<Value: Sendable>: @unchecked Sendable {
    // Safe: `value` is only touched between lock and unlock, and the mutex stays where it is until nobody has the object.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    /// Guards a value.
    package init(_ value: Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        let result = pthread_mutex_init(mutex, nil)
        // A plain mutex needs nothing from the system.
        precondition(result == 0, "pthread_mutex_init")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Calls `body` with the value; other threads wait meanwhile.
    package func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
