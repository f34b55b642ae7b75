// ControlConversation.swift: one client of the control socket, as a state machine without a socket.
//
// Owns the bounds of a conversation: how long a request may be, how long a client may take. Bytes and times go in;
// bytes to send and the wish to close come out. It never touches a descriptor or a clock. Neighbour: ControlServer.swift
// moves the bytes.

/// What is agreed on the control socket: one JSON object in one line each way, requests answered in order.
package enum ControlProtocol {
    /// The version that both sides state.
    package static let version = 1
    /// Bytes of a request's line, without its newline.
    package static let requestMaximum = 4096
    /// Bytes of an answer's line, without its newline.
    package static let answerMaximum = 256 << 20
    /// Milliseconds that a client may let pass without sending or taking a byte.
    package static let patience: UInt64 = 10_000
    /// Clients at once.
    package static let clientsMaximum = 8
}

/// One client's conversation.
struct ControlConversation {
    /// What shall happen next.
    enum Action: Equatable {
        /// Wait for more bytes from the client.
        case read
        /// Send `pending`.
        case write
        /// Answer this request by `answer(_:now:)`.
        case answer([UInt8])
        /// Close the connection.
        case close
    }

    /// Legal next states are beside each.
    private enum State {
        /// Reading a request; `line` is what has come so far. → answering, closed
        case reading(line: [UInt8])
        /// The request is with the agent; `rest` came after it. → writing
        case answering(rest: [UInt8])
        /// Sending; `rest` came after the request. → reading, answering, closed
        case writing(bytes: [UInt8], sent: Int, rest: [UInt8])
        /// The client is gone, broke the agreement or was too slow. Final.
        case closed
    }

    private var state = State.reading(line: [])
    /// When the client last sent or took a byte, in milliseconds.
    private var lastProgress: UInt64

    /// A conversation that begins now.
    init(now: UInt64) { lastProgress = now }

    /// When the client's patience ends.
    var deadline: UInt64 { lastProgress + ControlProtocol.patience }

    /// What shall happen next.
    var action: Action {
        switch state {
        case .reading: .read
        case .answering: .read
        case .writing: .write
        case .closed: .close
        }
    }

    /// The bytes that wait to be sent.
    var pending: ArraySlice<UInt8> {
        guard case .writing(let bytes, let sent, _) = state else { return [] }
        return bytes[sent...]
    }

    /// The client sent these bytes; none means that it will send no more.
    mutating func received(_ bytes: some Collection<UInt8>, now: UInt64) -> Action {
        guard case .reading(let line) = state, !bytes.isEmpty else { return close() }
        lastProgress = now
        return take(line + bytes)
    }

    /// The request that `received` or `sent` gave out has this answer.
    mutating func answer(_ line: [UInt8], now: UInt64) -> Action {
        guard case .answering(let rest) = state, line.count <= ControlProtocol.answerMaximum else { return close() }
        lastProgress = now
        state = .writing(bytes: line + [UInt8(ascii: "\n")], sent: 0, rest: rest)
        return .write
    }

    /// The client took this many of the pending bytes.
    mutating func sent(_ count: Int, now: UInt64) -> Action {
        guard case .writing(let bytes, let sent, let rest) = state else { return close() }
        if count > 0 { lastProgress = now }
        guard sent + count == bytes.count else {
            state = .writing(bytes: bytes, sent: sent + count, rest: rest)
            return .write
        }
        return take(rest)
    }

    /// Time has passed.
    mutating func tick(now: UInt64) -> Action { now >= deadline ? close() : action }

    /// The connection failed.
    mutating func close() -> Action {
        state = .closed
        return .close
    }

    /// Looks for a whole request in what has come.
    private mutating func take(_ bytes: [UInt8]) -> Action {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            guard bytes.count <= ControlProtocol.requestMaximum else { return close() }
            state = .reading(line: bytes)
            return .read
        }
        guard end <= ControlProtocol.requestMaximum else { return close() }
        state = .answering(rest: Array(bytes[(end + 1)...]))
        return .answer(Array(bytes[..<end]))
    }
}
