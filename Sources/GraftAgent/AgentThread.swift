// AgentThread.swift: a thread of ours inside a process that is not ours.
//
// Owns the creation: named, detached, with a bounded stack, and with every signal blocked that could be meant for the
// host, so that the host's handlers never run on it. The signals that a thread causes itself stay deliverable: SIGTRAP,
// because this thread too may meet a function whose entry is being changed, and faults, because a blocked fault ends
// the process without the host's own crash handler.

internal import Glibc

/// Starts threads.
package enum AgentThread {
    /// The bytes of address space for the stack; only what is touched becomes memory.
    package static let stackSize = 1 << 20

    /// Runs `body` on a new thread. `name` has at most 15 bytes.
    package static func start(named name: String, _ body: @escaping @Sendable () -> Void) throws(AgentError) {
        precondition(name.utf8.count <= 15, "the kernel keeps 15 bytes of a thread's name")
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)

        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var hostMask = sigset_t()
        var mask = blockedSignals
        pthread_sigmask(SIG_SETMASK, &mask, &hostMask)
        defer { pthread_sigmask(SIG_SETMASK, &hostMask, nil) }
        var thread = pthread_t()
        let failure = pthread_create(&thread, &attributes, run, start.toOpaque())
        guard failure == 0 else {
            start.release()
            throw AgentError(.os, "pthread_create: \(String(cString: strerror(failure)))", place: "thread \(name)")
        }
    }

    /// What the new thread is given.
    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// The thread's first function.
    private static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        nameThread(start.name)
        start.body()
        return nil
    }

    /// Names the calling thread, as `ps -L` and debuggers show it. A thread without its name works as well.
    private static func nameThread(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, name, name.utf8.count)
        close(file)
    }

    /// Every signal but those that a thread causes itself.
    private static var blockedSignals: sigset_t {
        var mask = sigset_t()
        sigfillset(&mask)
        for number in [SIGTRAP, SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGSYS] { sigdelset(&mask, number) }
        return mask
    }
}
