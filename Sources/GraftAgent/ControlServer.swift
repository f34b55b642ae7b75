// ControlServer.swift: the agent's end of the control socket.
//
// Owns the listening socket and its clients. Nothing here waits: the agent's loop asks for the descriptors to poll and
// hands back what is ready, so a silent, slow or greedy client costs a place in a table of eight and, after ten seconds,
// nothing. Only the process's own user and root are answered. Used by one thread. Neighbours: ControlConversation.swift
// decides, SocketPlace.swift chose the folder.

internal import Glibc

/// Answers requests on a Unix socket.
final class ControlServer {
    /// The path of the socket.
    let path: String
    private let place: SocketPlace
    private let process: pid_t
    private let user: uid_t
    /// Nil after the host has closed it under us, or after `close`.
    private var listener: Descriptor?
    private var clients: [Client] = []

    /// A connected client.
    private final class Client {
        let socket: Descriptor
        var conversation: ControlConversation

        init(socket: Descriptor, conversation: ControlConversation) {
            self.socket = socket
            self.conversation = conversation
        }
    }

    /// Bytes read from a client at once.
    private static let chunk = 4096
    /// Connections that wait to be accepted.
    private static let backlog: Int32 = 8

    /// Listens at the place of this process's socket. A socket that an earlier program of this process left there is
    /// replaced; one that somebody listens on is not.
    init(place: SocketPlace, process: pid_t, user: uid_t) throws(AgentError) {
        let folder = try place.create(user: user)
        StaleSockets.remove(in: folder, place: place)
        self.place = place
        self.process = process
        self.user = user
        path = place.path(process: process)
        listener = try Self.listen(name: SocketPlace.name(process: process), folder: folder, path: path)
    }

    /// The descriptors that the loop shall poll: the listener first, then each client.
    var polls: [pollfd] {
        let listening = pollfd(
            fd: clients.count < ControlProtocol.clientsMaximum ? listener?.number ?? -1 : -1, events: Int16(POLLIN),
            revents: 0)
        return [listening]
            + clients.map { client in
                let events = client.conversation.action == .write ? POLLOUT : POLLIN
                return pollfd(fd: client.socket.number, events: Int16(events), revents: 0)
            }
    }

    /// Whether it still listens: false after the host has closed the socket.
    var isListening: Bool { listener?.isOurs ?? false }

    /// When, in milliseconds, the first client's patience ends; nil without clients.
    var deadline: UInt64? { clients.lazy.map(\.conversation.deadline).min() }

    /// Serves what is ready. `polled` is the answer to `polls`; `answer` turns a request's line into an answer's line.
    func serve(_ polled: [pollfd], now: UInt64, answer: ([UInt8]) -> [UInt8]) {
        for (client, poll) in zip(clients, polled.dropFirst()) {
            var action = client.conversation.tick(now: now)
            if action != .close, poll.revents != 0 { action = move(client, now: now, answer: answer) }
            if action == .close { clients.removeAll { $0 === client } }
        }
        guard let listening = polled.first, listening.revents != 0 else { return }
        if let listener, listener.isOurs, Int32(listening.revents) & POLLNVAL == 0 {
            accept(from: listener, now: now)
        } else {
            listener = nil
        }
    }

    /// Stops listening. `unlinking` removes the socket's name; a forked child leaves its parent's name alone.
    func close(unlinking: Bool) {
        clients = []
        listener = nil
        if unlinking { unlink(path) }
    }
}

extension ControlServer {
    /// Accepts one client, if it is one that is answered; the others wait for the next round.
    private func accept(from listener: Descriptor, now: UInt64) {
        guard let socket = Descriptor(raising: Libc.accept(listener.number)) else { return }
        guard let peer = SocketAddress.peer(of: socket.number), peer.user == user || peer.user == 0 else { return }
        clients.append(Client(socket: socket, conversation: ControlConversation(now: now)))
    }

    /// Reads from or writes to a client until it would wait.
    private func move(_ client: Client, now: UInt64, answer: ([UInt8]) -> [UInt8]) -> ControlConversation.Action {
        guard client.socket.isOurs else { return client.conversation.close() }
        var action = client.conversation.action == .write ? write(client, now: now) : read(client, now: now)
        // A request is answered at once, and what fits into the socket's buffer is sent at once.
        while case .answer(let request) = action {
            action = client.conversation.answer(answer(request), now: now)
            if action == .write { action = write(client, now: now) }
        }
        return action
    }

    /// Reads once.
    private func read(_ client: Client, now: UInt64) -> ControlConversation.Action {
        var bytes = [UInt8](repeating: 0, count: Self.chunk)
        let count = recv(client.socket.number, &bytes, bytes.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return client.conversation.action }
        return client.conversation.received(bytes.prefix(max(0, count)), now: now)
    }

    /// Writes once.
    private func write(_ client: Client, now: UInt64) -> ControlConversation.Action {
        let count = client.conversation.pending.withUnsafeBytes { bytes in
            send(client.socket.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return client.conversation.sent(0, now: now) }
        return count < 0 ? client.conversation.close() : client.conversation.sent(count, now: now)
    }

    /// Makes the listening socket: closed to everyone else before anyone can connect.
    private static func listen(name: String, folder: Descriptor, path: String) throws(AgentError) -> Descriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard let socket = Descriptor(raising: socket(AF_UNIX, type, 0)) else {
            throw AgentError(call: "socket", place: path)
        }
        let inFolder = SocketAddress.path(of: name, in: folder)
        let bound = try SocketAddress.with(path: inFolder) { bind(socket.number, $0, $1) }
        guard bound == 0 else { throw AgentError(call: "bind", place: path) }
        guard chmod(inFolder, 0o600) == 0 else { throw AgentError(call: "chmod", place: path) }
        guard Glibc.listen(socket.number, backlog) == 0 else { throw AgentError(call: "listen", place: path) }
        return socket
    }
}
