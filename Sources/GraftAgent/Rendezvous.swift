// Rendezvous.swift: where threads of the host wait for the agent, for a bounded time.
//
// Owns the two moments at which a host's thread waits at all: before main, for the first configuration, and at exit, for
// the report. What was reached is an atomic flag; a socket pair only shortens the waiting, so that a host that closes
// descriptors costs milliseconds and nothing else. No lock: the host's thread may hold any of its own.

internal import Glibc
internal import Synchronization

/// The agreed moments between the agent and the host's threads.
final class Rendezvous: Sendable {
    /// The process that it is for: a forked child has its own.
    let process = getpid()
    /// The agent has applied the first configuration, or has given up.
    private let started = Atomic<Bool>(false)
    /// The host is about to exit and wants the report.
    private let wanted = Atomic<Bool>(false)
    /// The final report is written, or will not be.
    private let finished = Atomic<Bool>(false)
    private let ends: Ends

    /// The two ends of a socket pair; absent when the system has no descriptor left.
    private struct Ends: Sendable {
        var agent: Descriptor?
        var host: Descriptor?
    }

    /// Milliseconds between two looks at a flag, should the socket pair be gone.
    private static let slice: UInt64 = 20

    /// A rendezvous at which nobody is yet.
    init() {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        if socketpair(AF_UNIX, type, 0, &pair) != 0 { pair = [-1, -1] }
        ends = Ends(agent: Descriptor(raising: pair[0]), host: Descriptor(raising: pair[1]))
    }

    // MARK: The host's threads

    /// Waits for the first configuration; false when time ran out.
    func waitForStart(milliseconds: Int) -> Bool {
        wait(milliseconds: milliseconds) { started.load(ordering: .acquiring) }
    }

    /// Asks for the final report and waits for it; false when time ran out.
    func waitForReport(milliseconds: Int) -> Bool {
        wanted.store(true, ordering: .releasing)
        signal(ends.host)
        return wait(milliseconds: milliseconds) { finished.load(ordering: .acquiring) }
    }

    // MARK: The agent's thread

    /// The descriptor that is readable when a host's thread wants something; -1 when there is none.
    var descriptor: Int32 { ends.agent.flatMap { $0.isOurs ? $0.number : nil } ?? -1 }

    /// Whether the final report is wanted.
    var isReportWanted: Bool {
        drain(ends.agent)
        return wanted.load(ordering: .acquiring)
    }

    /// The first configuration is applied. Pairs with the load in `waitForStart`.
    func start() {
        started.store(true, ordering: .releasing)
        signal(ends.agent)
    }

    /// The final report is written. Pairs with the load in `waitForReport`.
    func finish() {
        finished.store(true, ordering: .releasing)
        signal(ends.agent)
    }
}

extension Rendezvous {
    /// Waits until `isReached` or until time runs out.
    private func wait(milliseconds: Int, isReached: () -> Bool) -> Bool {
        let deadline = Clock.milliseconds + UInt64(milliseconds)
        while !isReached() {
            let now = Clock.milliseconds
            guard now < deadline else { return false }
            let number = ends.host.flatMap { $0.isOurs ? $0.number : nil } ?? -1
            var poll = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            _ = Glibc.poll(&poll, 1, Int32(min(deadline - now, Self.slice)))
            drain(ends.host)
        }
        return true
    }

    /// Makes the other end readable. It is enough that one datagram is there.
    private func signal(_ end: Descriptor?) {
        guard let end, end.isOurs else { return }
        var byte: UInt8 = 1
        _ = send(end.number, &byte, 1, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    /// Takes every datagram at this end.
    private func drain(_ end: Descriptor?) {
        guard let end, end.isOurs else { return }
        var byte: UInt8 = 0
        while recv(end.number, &byte, 1, Int32(MSG_DONTWAIT)) > 0 {}
    }
}
