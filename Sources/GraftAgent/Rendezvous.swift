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
    private let bell = Doorbell()

    /// Milliseconds between two looks at a flag, should the socket pair be gone.
    private static let slice: UInt64 = 20

    // MARK: The host's threads

    /// Waits for the first configuration; false when time ran out.
    func waitForStart(milliseconds: Int) -> Bool {
        wait(milliseconds: milliseconds) { started.load(ordering: .acquiring) }
    }

    /// Asks for the final report and waits for it; false when time ran out.
    func waitForReport(milliseconds: Int) -> Bool {
        wanted.store(true, ordering: .releasing)
        bell.ring(.agent)
        return wait(milliseconds: milliseconds) { finished.load(ordering: .acquiring) }
    }

    // MARK: The agent's thread

    /// The descriptor that is readable when a host's thread wants something; -1 when there is none.
    var descriptor: Int32 { bell.descriptor(of: .agent) }

    /// Whether the final report is wanted.
    var isReportWanted: Bool {
        bell.hear(.agent)
        return wanted.load(ordering: .acquiring)
    }

    /// The first configuration is applied. Pairs with the load in `waitForStart`.
    func start() {
        started.store(true, ordering: .releasing)
        bell.ring(.other)
    }

    /// The final report is written. Pairs with the load in `waitForReport`.
    func finish() {
        finished.store(true, ordering: .releasing)
        bell.ring(.other)
    }
}

extension Rendezvous {
    /// Waits until `isReached` or until time runs out.
    private func wait(milliseconds: Int, isReached: () -> Bool) -> Bool {
        let deadline = Clock.milliseconds + UInt64(milliseconds)
        while !isReached() {
            let now = Clock.milliseconds
            guard now < deadline else { return false }
            var poll = pollfd(fd: bell.descriptor(of: .other), events: Int16(POLLIN), revents: 0)
            _ = Glibc.poll(&poll, 1, Int32(min(deadline - now, Self.slice)))
            bell.hear(.other)
        }
        return true
    }
}
