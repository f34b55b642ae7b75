// PlainThread: a thread of our own.
//
// Owns how our threads are made: named, detached, with a small stack, and with signals left to the program's threads.
// SIGTRAP and the signals that a thread raises by itself stay deliverable: the kernel ends a process whose thread
// meets a breakpoint with SIGTRAP blocked, and instrumented functions may hold breakpoints for a moment.

internal import Glibc

/// A thread that is not Swift concurrency's.
package enum PlainThread {
    /// Bytes of stack unless somebody needs more. Nothing of this module that runs on it recurses.
    package static let usualStackBytes = 512 << 10
    /// Bytes of the longest name.
    package static let nameBytes = 15
    /// Signals that stay deliverable.
    private static let ownSignals = [SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS]

    /// What a thread is given to do.
    fileprivate final class Work: Sendable {
        /// The name, at most `nameBytes` bytes.
        let name: String
        /// What to do.
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a thread that runs `body` and ends. `stackBytes` is address space; what is touched of it becomes memory. A
    /// thread on which code of others runs may inherit the signals of the one that starts it: `leavesSignals: false`.
    package static func start(
        _ name: String, stackBytes: Int = usualStackBytes, leavesSignals: Bool = true,
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemFailure) {
        precondition(name.utf8.count <= nameBytes, "the kernel's names have \(nameBytes) bytes")
        let work = Unmanaged.passRetained(Work(name, body))
        // A new thread inherits the mask of the one that makes it.
        var before = sigset_t()
        var blocked = leavesSignals ? foreignSignals() : sigset_t()
        pthread_sigmask(SIG_BLOCK, &blocked, &before)
        let result = create(with: work.toOpaque(), stackBytes)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard result != 0 else { return }
        work.release()
        errno = result
        throw SystemFailure("pthread_create")
    }

    /// Makes a detached thread that takes `argument`; 0 or what went wrong.
    private static func create(with argument: UnsafeMutableRawPointer, _ stackBytes: Int) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        return pthread_create(&thread, &attributes, plainThreadMain, argument)
    }

    /// The signals that are for the program's threads.
    private static func foreignSignals() -> sigset_t {
        var signals = sigset_t()
        sigfillset(&signals)
        for signal in ownSignals { sigdelset(&signals, signal) }
        return signals
    }
}

/// Our threads' first function.
private func plainThreadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let work = Unmanaged<PlainThread.Work>.fromOpaque(argument).takeRetainedValue()
    // The name is for whoever looks; nothing depends on it.
    _ = linux_pthread_setname_np(pthread_self(), work.name)
    work.body()
    return nil
}
