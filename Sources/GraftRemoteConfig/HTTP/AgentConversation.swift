// AgentConversation: one question and its answer over a connected socket.
//
// Owns the loop that sends and receives at the same time: an agent may answer before it has read all of the question, to
// refuse it for one, and two sides that both only send would wait for each other for ever. When it closes without reading
// to the end, its answer still counts if it is whole. Neighbours: StreamSocket, HTTPResponseParser, Patience.

internal import GraftConfig
internal import Glibc

/// One question and its answer.
struct AgentConversation: ~Copyable {
    /// Bytes that one read may bring.
    private static let readBytes = 64 << 10

    /// The connection.
    private let socket: StreamSocket
    /// What is still to be sent.
    private var unsent: ArraySlice<UInt8>
    /// Why no more can be sent, once that is so.
    private var sendFailure: SystemFailure?
    /// What has come.
    private var parser: HTTPResponseParser
    /// Where it comes in. Not cleared beforehand, as most answers are short: only what was received is ever read.
    private var buffer = [UInt8](unsafeUninitializedCapacity: readBytes) { $1 = readBytes }

    /// A conversation that has not begun.
    init(_ socket: consuming StreamSocket, request: [UInt8], limits: HTTPResponseLimits) {
        self.socket = socket
        unsent = request[...]
        parser = HTTPResponseParser(limits: limits)
    }

    /// Sends the question and receives the answer.
    mutating func answer(patience: Patience, unless cancel: borrowing WakeEvent) throws(TransportError) -> HTTPResponse
    {
        // Mostly there is room for all of it, and then the first thing to wait for is the answer.
        try send()
        while true {
            let isSending = !unsent.isEmpty && sendFailure == nil
            let ready = try patience.wait(
                for: isSending ? POLLIN | POLLOUT : POLLIN, of: socket, unless: cancel, while: doing)
            // Also the end of the connection and its errors: reading says which.
            if ready & ~Int16(POLLOUT) != 0, try receive(), let response = parser.response { return response }
            if isSending, ready & Int16(POLLOUT) != 0 { try send() }
        }
    }

    /// What is being done, for messages.
    private var doing: String {
        if !unsent.isEmpty { return "sending the question (\(unsent.count) bytes of it are left)" }
        return parser.offset == 0
            ? "waiting for the answer" : "receiving the answer (\(parser.offset) bytes of it have come)"
    }

    /// Sends what there is room for. An agent that has closed may have answered before: reading says so.
    private mutating func send() throws(TransportError) {
        do throws(SystemFailure) {
            if let count = try socket.send(unsent) { unsent = unsent.dropFirst(count) }
        } catch {
            guard error.number == EPIPE || error.number == ECONNRESET else { throw TransportError(system: error) }
            sendFailure = error
        }
    }

    /// Takes in what has come; whether the answer is whole.
    private mutating func receive() throws(TransportError) -> Bool {
        let count: Int?
        do throws(SystemFailure) {
            count = try socket.receive(into: &buffer)
        } catch {
            guard error.number == ECONNRESET || error.number == EPIPE else { throw TransportError(system: error) }
            throw TransportError(.closed, "the agent broke the connection while \(doing)")
        }
        guard let count else { return false }
        guard count == 0 else { return try parser.feed(buffer[..<count]) }
        if !unsent.isEmpty, parser.offset == 0 {
            throw TransportError(.closed, "the agent closed the connection while \(doing)")
        }
        try parser.end()
        return true
    }
}
