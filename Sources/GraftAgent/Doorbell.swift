// Doorbell.swift: lets one thread wake another that waits for descriptors, inside a process that may close them.
//
// Owns a socket pair. What has happened stands elsewhere, in memory: the bell only shortens the waiting. A host that closes
// descriptors, and opens its own under their numbers, is neither read from nor written to. No lock. Neighbours:
// Rendezvous.swift and RemoteInbox.swift ring it.

internal import Glibc

/// A bell with two ends.
struct Doorbell: Sendable {
    /// Who may hear it.
    enum Side: Sendable {
        /// The agent's thread.
        case agent
        /// Another thread: the host's, or the one that asks the Datadog agent.
        case other
    }

    private let agent: Descriptor?
    private let other: Descriptor?

    /// A bell that nobody has rung; one that is never heard when the system has no descriptor left.
    init() {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        if socketpair(AF_UNIX, type, 0, &pair) != 0 { pair = [-1, -1] }
        (agent, other) = (Descriptor(raising: pair[0]), Descriptor(raising: pair[1]))
    }

    /// The descriptor that is readable when this side is to hear; -1 when there is none.
    func descriptor(of side: Side) -> Int32 { end(side).map(\.number) ?? -1 }

    /// Makes this side hear. It is enough that one datagram is there.
    func ring(_ side: Side) {
        // What is sent into one end comes out at the other.
        guard let end = end(side == .agent ? .other : .agent) else { return }
        var byte: UInt8 = 1
        _ = send(end.number, &byte, 1, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    /// Takes every ring that this side has not heard yet.
    func hear(_ side: Side) {
        guard let end = end(side) else { return }
        var byte: UInt8 = 0
        while recv(end.number, &byte, 1, Int32(MSG_DONTWAIT)) > 0 {}
    }

    /// An end that is still ours.
    private func end(_ side: Side) -> Descriptor? {
        let end = side == .agent ? agent : other
        return end?.isOurs == true ? end : nil
    }
}
