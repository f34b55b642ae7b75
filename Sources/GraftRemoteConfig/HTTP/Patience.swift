// Patience: until when an exchange waits.
//
// Owns the one deadline of an exchange, and the waiting: for a socket, or for nothing, and always for a cancellation too.
// The deadline is a moment, not a pause: an agent that sends a byte a second gets no more of it than one that is silent.
// Neighbours: WakeEvent in GraftConfig waits, AgentConnector and AgentConversation have to.

internal import GraftConfig
internal import Glibc

/// Until when to wait.
struct Patience {
    /// The end, in nanoseconds of the monotonic clock.
    private let deadline: UInt64
    /// How long all of it may take, for the message.
    private let whole: Duration

    /// Patience for `time`, from now; none for less than nothing, and as much as there can be for more than 31 years.
    init(_ time: Duration) {
        whole = min(max(time, .zero), MonotonicTime.longest)
        deadline = MonotonicTime.now(plus: whole)
    }

    /// The same, up to a moment.
    private init(until deadline: UInt64, of whole: Duration) {
        self.deadline = deadline
        self.whole = whole
    }

    /// An equal share of what is left, for the next of `parts`.
    func share(of parts: Int) -> Patience {
        let now = MonotonicTime.now
        guard parts > 1, deadline > now else { return self }
        return Patience(until: now + (deadline - now) / UInt64(parts), of: whole)
    }

    /// Waits until the socket is ready; poll(2)'s bits. Throws when the time has passed, and when `cancel` has happened,
    /// which is looked at first.
    func wait(
        for events: Int32, of socket: borrowing StreamSocket, unless cancel: borrowing WakeEvent, while doing: String
    ) throws(TransportError) -> Int16 {
        switch try look(for: events, of: socket.number, until: deadline, unless: cancel) {
        case .ready(let bits): return bits
        case .happened: throw cancelled(doing)
        case .timedOut: throw timedOut(doing)
        }
    }

    /// Waits for a while, or less when the time passes.
    func pause(_ time: UInt64, unless cancel: borrowing WakeEvent, while doing: String) throws(TransportError) {
        let end = min(MonotonicTime.now + time, deadline)
        if try look(for: 0, of: -1, until: end, unless: cancel) == .happened { throw cancelled(doing) }
        if MonotonicTime.now >= deadline { throw timedOut(doing) }
    }

    /// Throws when the time has passed already, or `cancel` has happened.
    func check(unless cancel: borrowing WakeEvent, while doing: String) throws(TransportError) {
        try pause(0, unless: cancel, while: doing)
    }

    /// Waits.
    private func look(
        for events: Int32, of number: Int32, until end: UInt64, unless cancel: borrowing WakeEvent
    ) throws(TransportError) -> WakeEvent.WaitEnd {
        do throws(SystemFailure) {
            return try cancel.wait(for: events, of: number, until: end)
        } catch {
            throw TransportError(system: error)
        }
    }

    /// The error of a question that was taken back.
    private func cancelled(_ doing: String) -> TransportError {
        TransportError(.cancelled, "the exchange was cancelled while \(doing)")
    }

    /// The error of time that has passed.
    private func timedOut(_ doing: String) -> TransportError {
        TransportError(.timedOut, "the time for the exchange, \(whole), has passed while \(doing)")
    }
}

extension TransportError {
    /// A system call that failed.
    init(system failure: SystemFailure) {
        self.init(.system, "\(failure.call): \(failure.text) (errno \(failure.number))")
    }
}
