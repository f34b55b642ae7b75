// Supervisor.swift: stands between a program and whoever started the tool, and changes nothing for either.
//
// Owns the waiting for one child. Signals that are sent to the tool are sent on; those that come from the terminal are
// not, because the terminal has sent them to the child as well. When the child stops, the tool stops, so that a shell's
// job control sees one job; when the tool is continued, so is the child. When the child ends, the tool ends in the same
// way, signal included. One thread calls this; no signal handler is installed. Neighbours: Launch.swift starts the
// child, LiveView.swift draws while this waits.

internal import Glibc
import GraftAgent

/// How a child ended.
enum ChildEnd: Hashable, Sendable {
    /// It returned from main or called exit.
    case exited(Int32)
    /// A signal ended it.
    case signaled(Int32)
}

/// Waits for a child and passes signals on.
struct Supervisor {
    /// What a blocked signal said about itself.
    struct Notice: Hashable, Sendable {
        /// Which signal.
        var number: Int32
        /// Whether the kernel sent it on behalf of the terminal.
        var isFromKernel: Bool
    }

    /// What is to be done about a signal.
    enum Reaction: Hashable, Sendable {
        /// Look what became of the child.
        case reap
        /// Send this signal to the child.
        case forward(Int32)
        /// Nothing: the child has got it by itself.
        case ignore
    }

    /// Signals that are blocked here and passed on.
    static let forwarded = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT, SIGALRM]

    /// The mask that this process had before.
    let originalMask: sigset_t

    /// Blocks the signals that will be passed on, and SIGPIPE: a table that nobody reads must not end the tool.
    init() {
        var blocked = sigset_t()
        sigemptyset(&blocked)
        for number in Self.forwarded + [SIGCHLD, SIGPIPE] { sigaddset(&blocked, number) }
        var original = sigset_t()
        sigprocmask(SIG_BLOCK, &blocked, &original)
        originalMask = original
        // Whoever started the tool may ignore SIGCHLD; then nobody could learn how the child ended.
        signal(SIGCHLD, SIG_DFL)
    }

    /// What a signal means for the child. SIGCONT is passed on wherever it comes from: continuing twice is harmless.
    static func reaction(to notice: Notice) -> Reaction {
        if notice.number == SIGCHLD { return .reap }
        if notice.number == SIGCONT { return .forward(SIGCONT) }
        return notice.isFromKernel ? .ignore : .forward(notice.number)
    }

    /// Waits for the child's end. While it runs, `idle` is called every `interval` milliseconds; `resume` is called when
    /// this process goes on after it has stopped with the child.
    func wait(for child: pid_t, interval: Int, idle: () -> Void, resume: () -> Void) -> ChildEnd {
        var due = Clock.milliseconds + UInt64(interval)
        while true {
            if let end = look(at: child, resume: resume) { return end }
            let now = Clock.milliseconds
            if now >= due {
                idle()
                due = Clock.milliseconds + UInt64(interval)
            }
            let rest = Int(due - min(due, Clock.milliseconds))
            guard let notice = Self.nextSignal(timeout: max(1, rest)) else { continue }
            if case .forward(let number) = Self.reaction(to: notice) { kill(child, number) }
        }
    }

    /// Ends this process as the child ended.
    func end(like end: ChildEnd) -> Never {
        switch end {
        case .exited(let code): exit(code)
        case .signaled(let number): die(by: number)
        }
    }

    /// Looks what became of the child, and stops with it; nil while it is alive.
    private func look(at child: pid_t, resume: () -> Void) -> ChildEnd? {
        var status: Int32 = 0
        while true {
            let found = waitpid(child, &status, WNOHANG | WUNTRACED)
            if found < 0, errno == EINTR { continue }
            guard found > 0 else { return found == 0 ? nil : .exited(ExitCode.failure) }
            switch ChildStatus(status) {
            case .ended(let end): return end
            case .stopped:
                raise(SIGSTOP)
                resume()
            }
        }
    }

    /// Takes one blocked signal, or waits up to `timeout` milliseconds for one.
    private static func nextSignal(timeout: Int) -> Notice? {
        var set = sigset_t()
        sigemptyset(&set)
        for number in forwarded + [SIGCHLD] { sigaddset(&set, number) }
        var information = siginfo_t()
        var time = timespec(tv_sec: timeout / 1000, tv_nsec: timeout % 1000 * 1_000_000)
        let number = sigtimedwait(&set, &information, &time)
        guard number > 0 else { return nil }
        return Notice(number: number, isFromKernel: information.si_code == Int32(SI_KERNEL))
    }

    /// Dies by a signal, without a second core dump.
    private func die(by number: Int32) -> Never {
        Libc.disableCoreDump()
        signal(number, SIG_DFL)
        var only = sigset_t()
        sigemptyset(&only)
        sigaddset(&only, number)
        raise(number)
        sigprocmask(SIG_UNBLOCK, &only, nil)
        // A signal that does not end a process by default cannot have ended the child.
        exit(128 + number)
    }
}

/// What waitpid says of a child.
enum ChildStatus: Hashable, Sendable {
    /// It is no more.
    case ended(ChildEnd)
    /// It is stopped, by this signal.
    case stopped(Int32)

    /// The meaning of the status word, as <sys/wait.h> defines it.
    init(_ word: Int32) {
        let signal = word & 0x7F
        if signal == 0 {
            self = .ended(.exited(word >> 8 & 0xFF))
        } else if signal == 0x7F {
            self = .stopped(word >> 8 & 0xFF)
        } else {
            self = .ended(.signaled(signal))
        }
    }
}
