// FreshThread: a thread for what a forked child has to do.
//
// Owns the making of one thread and the wait for its end. The thread that forked remembers things of its parent, above
// all its thread number, and locks that go by it (Synchronization's Mutex) end the process when they are contended; a
// thread that the child makes remembers nothing. So products are restarted there, whatever locks they use.

internal import Glibc

/// A thread that runs one closure and is waited for.
enum FreshThread {
    /// What the thread is given to do.
    fileprivate final class Work: Sendable {
        /// It.
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a new thread and returns after it; on this one if the system refuses a thread.
    static func run(_ body: @escaping @Sendable () -> Void) {
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        if pthread_create(&thread, nil, freshThreadMain, work.toOpaque()) == 0 {
            pthread_join(thread, nil)
        } else {
            work.release()
            body()
        }
    }
}

/// The thread's first function.
private func freshThreadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<FreshThread.Work>.fromOpaque(argument).takeRetainedValue().body()
    return nil
}
