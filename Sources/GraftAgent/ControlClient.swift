// ControlClient.swift: the tool's end of the control socket.
//
// Owns one connection and its deadlines. Before a byte is sent it has made sure of whom it talks to: the folder is the
// process's user's alone, and the kernel says that the listener is that user. Neighbours: ControlServer.swift answers.

package import Glibc

/// A connection to an instrumented process.
package final class ControlClient {
    private let socket: Descriptor
    /// What came after the last answer's line.
    private var rest: [UInt8] = []

    /// Milliseconds to wait for an answer, unless a request says otherwise.
    package static let patience = 5_000

    /// Connects to a process's socket in a folder that belongs to `user`.
    package init(place: SocketPlace, process: pid_t, user: uid_t) throws(AgentError) {
        let path = place.path(process: process)
        let folder = try place.open(user: user)
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard let socket = Descriptor(adopting: Glibc.socket(AF_UNIX, type, 0)) else {
            throw AgentError(call: "socket", place: path)
        }
        let inFolder = SocketAddress.path(of: SocketPlace.name(process: process), in: folder)
        let failure = try SocketAddress.with(path: inFolder) { connect(socket.number, $0, $1) == 0 ? 0 : errno }
        if failure == ENOENT || failure == ECONNREFUSED {
            throw AgentError(.noAgent, "nobody listens there", place: path)
        }
        guard failure == 0 else { throw AgentError(call: "connect", failure: failure, place: path) }
        guard let peer = SocketAddress.peer(of: socket.number), peer.user == user || peer.user == 0 else {
            throw AgentError(.untrusted, "another user listens there", place: path)
        }
        self.socket = socket
    }

    /// Sends one request's line and waits for the answer's line.
    package func request(_ line: [UInt8], patience: Int = patience) throws(AgentError) -> [UInt8] {
        let deadline = Clock.milliseconds + UInt64(patience)
        try send(line + [UInt8(ascii: "\n")], deadline: deadline)
        var bytes = rest
        var searched = 0
        while true {
            if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                rest = Array(bytes[(end + 1)...])
                return Array(bytes[..<end])
            }
            searched = bytes.count
            guard searched <= ControlProtocol.answerMaximum else {
                throw AgentError(.limit, "the answer is longer than \(ControlProtocol.answerMaximum) bytes")
            }
            bytes += try receive(deadline: deadline)
        }
    }

    /// Sends all bytes.
    private func send(_ bytes: [UInt8], deadline: UInt64) throws(AgentError) {
        var left = bytes[...]
        while !left.isEmpty {
            try wait(for: POLLOUT, deadline: deadline)
            let count = left.withUnsafeBytes {
                Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count >= 0 else { throw AgentError(call: "send") }
            left = left.dropFirst(count)
        }
    }

    /// Receives at least one byte.
    private func receive(deadline: UInt64) throws(AgentError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            try wait(for: POLLIN, deadline: deadline)
            let count = recv(socket.number, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count >= 0 else { throw AgentError(call: "recv") }
            guard count > 0 else { throw AgentError(.protocolViolation, "the process closed the connection") }
            return Array(buffer[..<count])
        }
    }

    /// Waits until the socket is ready.
    private func wait(for events: Int32, deadline: UInt64) throws(AgentError) {
        while true {
            let now = Clock.milliseconds
            guard now < deadline else { throw AgentError(.timedOut, "the process does not answer") }
            var poll = pollfd(fd: socket.number, events: Int16(events), revents: 0)
            let ready = Glibc.poll(&poll, 1, Int32(min(deadline - now, UInt64(Int32.max))))
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw AgentError(call: "poll") }
        }
    }
}
