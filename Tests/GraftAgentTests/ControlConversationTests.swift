// ControlConversationTests.swift: one client's conversation, without a socket or a clock.

import GraftConfig
import Testing

@testable import GraftAgent

@Suite struct ControlConversationTests {
    private var conversation = ControlConversation(now: 0)

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test mutating func `a request in pieces is one request`() {
        #expect(conversation.received(bytes("{\"a\""), now: 1) == .read)
        #expect(conversation.received(bytes(":1}"), now: 2) == .read)
        #expect(conversation.received(bytes("\n"), now: 3) == .answer(bytes("{\"a\":1}")))
    }

    @Test mutating func `an answer goes out as fast as the client takes it`() {
        _ = conversation.received(bytes("x\n"), now: 0)
        #expect(conversation.answer(bytes("12345"), now: 0) == .write)
        #expect(conversation.sent(2, now: 1) == .write)
        #expect(conversation.pending == bytes("345\n")[...])
        #expect(conversation.sent(4, now: 2) == .read)
        #expect(conversation.received(bytes("y\n"), now: 3) == .answer(bytes("y")))
    }

    @Test mutating func `requests that come together are answered in order`() {
        #expect(conversation.received(bytes("a\nb\nc"), now: 0) == .answer(bytes("a")))
        _ = conversation.answer(bytes("1"), now: 0)
        #expect(conversation.sent(2, now: 0) == .answer(bytes("b")))
        _ = conversation.answer(bytes("2"), now: 0)
        #expect(conversation.sent(2, now: 0) == .read)
        #expect(conversation.received(bytes("\n"), now: 0) == .answer(bytes("c")))
    }

    @Test mutating func `a request at the limit is read, one past it is not`() {
        let longest = [UInt8](repeating: 120, count: ControlProtocol.requestMaximum)
        #expect(conversation.received(longest + [10], now: 0) == .answer(longest))
        var other = ControlConversation(now: 0)
        #expect(other.received(longest, now: 0) == .read)
        #expect(other.received([120], now: 0) == .close)
        var whole = ControlConversation(now: 0)
        #expect(whole.received(longest + [120, 10], now: 0) == .close)
    }

    @Test mutating func `a silent client is closed when its patience ends, not before`() {
        let limit = ControlProtocol.patience
        #expect(conversation.tick(now: limit - 1) == .read)
        _ = conversation.received(bytes("a"), now: limit - 1)
        #expect(conversation.deadline == 2 * limit - 1)
        #expect(conversation.tick(now: 2 * limit - 2) == .read)
        #expect(conversation.tick(now: 2 * limit - 1) == .close)
        #expect(conversation.action == .close)
    }

    @Test mutating func `a client that takes nothing is closed`() {
        _ = conversation.received(bytes("a\n"), now: 0)
        _ = conversation.answer(bytes("1"), now: 0)
        #expect(conversation.sent(0, now: 5_000) == .write)
        #expect(conversation.tick(now: ControlProtocol.patience) == .close)
    }

    @Test mutating func `the end of a client's bytes ends the conversation`() {
        #expect(conversation.received([], now: 0) == .close)
        #expect(conversation.received(bytes("a\n"), now: 0) == .close)
    }
}

@Suite struct AgentMessagesTests {
    @Test func `a request is read as it is written`() throws {
        for request in AgentRequest.allCases { #expect(try AgentRequest(line: request.line) == request) }
        #expect(AgentRequest.status.line == Array(#"{"version":1,"request":"status"}"#.utf8))
    }

    @Test(arguments: [
        "", "x", "[]", #"{"request":"status"}"#, #"{"version":2,"request":"status"}"#, #"{"version":1}"#,
        #"{"version":1,"request":"shutdown"}"#, #"{"version":"1","request":"status"}"#,
    ])
    func `what is not agreed is an error`(line: String) {
        let error = #expect(throws: AgentError.self) { try AgentRequest(line: Array(line.utf8)) }
        #expect(error?.code == .protocolViolation)
    }

    @Test func `members of a later version are no obstacle`() throws {
        let line = #"{"version":1,"request":"status","since":[7]}"#
        #expect(try AgentRequest(line: Array(line.utf8)) == .status)
    }

    @Test func `answers carry a status or a reason`() throws {
        let status = try AgentAnswer.status(line: AgentAnswer.success(status: ["a": 1]))
        #expect(status["a"]?.integer == 1)
        let error = #expect(throws: AgentError.self) {
            try AgentAnswer.status(line: AgentAnswer.failure(AgentError(.protocolViolation, "no such request")))
        }
        #expect(error?.message == "no such request")
    }
}
