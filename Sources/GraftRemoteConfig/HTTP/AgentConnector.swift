// AgentConnector: from an address to a connected socket, in time.
//
// Owns the tries: one address after the other, each with its share of the time that is left, so that one that never
// answers does not use up the time of the next. The last failure is the one that is told. Neighbours: HostNames,
// StreamSocket, Patience.

internal import GraftConfig
internal import Glibc

/// Connects to an agent.
enum AgentConnector {
    /// How long to wait before another try when a Unix socket's queue is full: the system offers nothing to wait for.
    private static let fullQueuePause = 10 * MonotonicTime.millisecond

    /// A connected socket.
    static func connect(
        to address: AgentAddress, patience: Patience, unless cancel: borrowing WakeEvent
    ) throws(TransportError) -> StreamSocket {
        let peers = try peers(of: address)
        // What a resolver took is part of the time.
        try patience.check(unless: cancel, while: "looking up the host's name")
        var failure = TransportError(.name, "there is no address to connect to")
        for (index, peer) in peers.enumerated() {
            let share = patience.share(of: peers.count - index)
            do throws(TransportError) {
                return try connect(to: peer, patience: share, unless: cancel)
            } catch {
                if error.code == .cancelled { throw error }
                failure = error
            }
        }
        throw failure
    }

    /// The addresses to try.
    private static func peers(of address: AgentAddress) throws(TransportError) -> [PeerAddress] {
        switch address.way {
        case .tcp(let host, let port): return try HostNames.addresses(of: host, port: port)
        case .unix(let path):
            guard let peer = PeerAddress(socket: path) else {
                throw TransportError(.limit, "the socket's path is longer than an address has room for")
            }
            return [peer]
        }
    }

    /// Connects to one address.
    private static func connect(
        to peer: PeerAddress, patience: Patience, unless cancel: borrowing WakeEvent
    ) throws(TransportError) -> StreamSocket {
        let socket: StreamSocket
        do throws(SystemFailure) {
            socket = try StreamSocket(family: peer.family)
        } catch {
            throw TransportError(system: error)
        }
        var failure = socket.connect(to: peer)
        while failure == EAGAIN {
            try patience.pause(fullQueuePause, unless: cancel, while: "waiting for room in the socket's queue")
            failure = socket.connect(to: peer)
        }
        if failure == EINPROGRESS {
            _ = try patience.wait(for: POLLOUT, of: socket, unless: cancel, while: "connecting")
            failure = socket.connectFailure
        }
        guard failure == 0 else { throw Self.error(failure) }
        return socket
    }

    /// What a failure to connect means.
    private static func error(_ number: Int32) -> TransportError {
        errno = number
        let failure = SystemFailure("connect")
        let meaning: String? =
            switch number {
            case ECONNREFUSED: "nobody listens there"
            case ENOENT, ENOTDIR: "there is no such socket"
            case EACCES, EPERM: "this user may not connect to it"
            case ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL: "there is no way to it"
            case ETIMEDOUT: "nothing answers there"
            default: nil
            }
        guard let meaning else { return TransportError(system: failure) }
        return TransportError(.unreachable, "\(meaning): \(failure.call): \(failure.text) (errno \(number))")
    }
}
