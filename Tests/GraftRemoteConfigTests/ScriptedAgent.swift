// ScriptedAgent: an agent over a real socket that does what a test says, faults included.
//
// Owns a listening socket, a thread that carries out one script for one connection, and the wait for its end. Each script
// ends by seeing the client's end of the connection: a client that leaves a descriptor open makes its test fail.

import Foundation
import GraftConfig
import Synchronization

@testable import GraftRemoteConfig

/// The agent's end of a connection.
struct Peer: Sendable {
    /// The descriptor.
    let number: Int32

    /// Receives at most so many bytes; empty at the end, also of a broken connection.
    func receive(_ count: Int = 1 << 16) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let got = recv(number, &buffer, count, 0)
        return Array(buffer.prefix(max(got, 0)))
    }

    /// Receives a whole question.
    @discardableResult func question() -> String {
        var bytes: [UInt8] = []
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let field = text.range(of: "Content-Length: ").map { text[$0.upperBound...].prefix { $0.isNumber } }
                let length = field.flatMap { Int($0) } ?? 0
                if text[end.upperBound...].utf8.count >= length { return text }
            }
            let more = receive()
            if more.isEmpty { return text }
            bytes += more
        }
    }

    /// Sends; whether all of it was taken.
    @discardableResult func send(_ bytes: [UInt8]) -> Bool {
        var left = bytes[...]
        while !left.isEmpty {
            let count = left.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return false }
            left = left.dropFirst(count)
        }
        return true
    }

    /// Sends a text.
    @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Sends no more.
    func finish() { shutdown(number, Int32(SHUT_WR)) }

    /// Closes at once, so that the client's system says that the connection is broken.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        // What is left open here is closed with the connection; shutting down would send the orderly end first.
        close(number)
    }

    /// Waits until the client has closed.
    func waitForEnd() { while !receive().isEmpty {} }
}

/// An agent that serves one connection.
final class ScriptedAgent: Sendable {
    /// Where it listens.
    let address: AgentAddress
    /// The listening socket.
    let listener: Int32
    /// What ends the script.
    private let done = DispatchSemaphore(value: 0)

    /// Listens on a free port of the loopback, or as `socket`, and carries out `script` when somebody connects.
    init(socket path: String? = nil, family: Int32 = AF_INET, backlog: Int32 = 8, _ script: (@Sendable (Peer) -> Void)?)
        throws
    {
        let loopback = family == AF_INET ? "127.0.0.1" : "::1"
        let peer = path.flatMap { PeerAddress(socket: $0) } ?? PeerAddress(numeric: loopback, port: 0)!
        let listener = Glibc.socket(peer.family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        guard listener >= 0, peer.withAddress({ bind(listener, $0, $1) }) == 0, listen(listener, backlog) == 0 else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
        if let path {
            address = try AgentAddress(url: "unix://\(path)")
        } else {
            address = try AgentAddress(host: loopback, port: Self.port(of: listener))
        }
        guard let script else { return }
        // Keeps the agent: a number that was closed before the wait for it began could be another agent's by then.
        Thread.detachNewThread { [self] in
            let number = accept(listener, nil, nil)
            let inode = Self.inode(number)
            script(Peer(number: number))
            if inode != nil, Self.inode(number) == inode { close(number) }
            done.signal()
        }
    }

    deinit { close(listener) }

    /// Whether the script has come to its end, waiting for it for a while.
    var isDone: Bool { done.wait(timeout: .now() + 5) == .success }

    /// The port that the system has chosen.
    static func port(of socket: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(socket, $0, &size) }
            // The port is at the same place in both families.
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt16(bigEndian: $0.pointee.sin_port)
            }
        }
    }

    /// What a number names.
    private static func inode(_ number: Int32) -> UInt? {
        var status = stat()
        return fstat(number, &status) == 0 ? UInt(status.st_ino) : nil
    }
}

/// A cancellation that a test can share.
final class Stop: Sendable {
    /// The event.
    let event: WakeEvent

    /// One that has not happened.
    init() throws { event = try WakeEvent() }
}

/// A new folder for one test's sockets, removed with its owner.
final class SocketFolder: Sendable {
    /// Its absolute path.
    let path: String

    /// Makes the folder.
    init() throws {
        var template = Array("/tmp/graft-http-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw POSIXError(.EIO) }
        path = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What came of an exchange.
struct Outcome {
    /// The answer.
    var response: HTTPResponse?
    /// Or why there is none.
    var error: TransportError?
    /// How long it took.
    var time: Duration
}

/// Asks `address`.
func ask(
    _ address: AgentAddress, _ method: String = "GET", _ path: String = "/info", body: [UInt8] = [],
    headers: [HTTPHeader] = [], timeout: Duration = .seconds(5), limits: HTTPResponseLimits = HTTPResponseLimits(),
    unless stop: Stop? = nil
) throws -> Outcome {
    let stop = try stop ?? Stop()
    let client = AgentClient(address: address, headers: headers, timeout: timeout, limits: limits)
    var outcome = Outcome(time: .zero)
    outcome.time = ContinuousClock().measure {
        do throws(TransportError) {
            outcome.response = try client.exchange(method, path, body: body, unless: stop.event)
        } catch {
            outcome.error = error
        }
    }
    return outcome
}
