// AgentClientTests: exchanges with agents over real sockets, those that go well and those that do not.

import Foundation
import Testing

@testable import GraftRemoteConfig

/// A small answer.
private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

@Suite(.serialized) struct AgentClientTests {
    @Test func aQuestionIsAskedAndAnsweredOverTCP() throws {
        let agent = try ScriptedAgent { peer in
            let question = peer.question()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(question.utf8.count)\r\n\r\n\(question)")
            peer.waitForEnd()
        }
        let headers = [HTTPHeader("Datadog-Entity-ID", "in-1")]
        let outcome = try ask(agent.address, "POST", "/v0.7/config", body: Array("{\"a\":1}".utf8), headers: headers)
        let text = String(decoding: try #require(outcome.response).body, as: UTF8.self)
        #expect(text.hasPrefix("POST /v0.7/config HTTP/1.1\r\nHost: \(agent.address.hostField)\r\n"))
        #expect(text.contains("\r\nUser-Agent: Graft\r\nDatadog-Entity-ID: in-1\r\n"))
        #expect(text.hasSuffix("\r\nContent-Length: 7\r\n\r\n{\"a\":1}"))
        #expect(agent.isDone)
    }

    @Test func aQuestionIsAskedAndAnsweredOverAUnixSocket() throws {
        let folder = try SocketFolder()
        let agent = try ScriptedAgent(socket: "\(folder.path)/apm.socket") { peer in
            let question = peer.question()
            peer.send("HTTP/1.1 200 OK\r\n\r\n\(question)")
            peer.finish()
            peer.waitForEnd()
        }
        #expect(UnixSocketPath.isSocket("\(folder.path)/apm.socket"))
        #expect(!UnixSocketPath.isSocket(folder.path))
        let text = String(decoding: try #require(ask(agent.address).response).body, as: UTF8.self)
        #expect(text.hasPrefix("GET /info HTTP/1.1\r\nHost: localhost\r\n"))
        #expect(agent.isDone)
    }

    @Test func thePathOfTheAddressComesBeforeThePathAskedFor() throws {
        let agent = try ScriptedAgent { peer in
            peer.send("HTTP/1.1 200 OK\r\n\r\n\(peer.question())")
            peer.finish()
            peer.waitForEnd()
        }
        let outcome = try ask(AgentAddress(url: agent.address.description + "/dd/"))
        #expect(String(decoding: try #require(outcome.response).body, as: UTF8.self).hasPrefix("GET /dd/info "))
    }

    @Test(arguments: [404, 500, 503, 301]) func aStatusIsNoError(status: Int) throws {
        let agent = try ScriptedAgent { peer in
            peer.question()
            peer.send("HTTP/1.1 \(status) Some\r\nContent-Length: 4\r\n\r\nwhy?")
            peer.waitForEnd()
        }
        let response = try #require(ask(agent.address).response)
        #expect(response.status == status)
        #expect(response.body == Array("why?".utf8))
    }

    @Test func noContentIsAnAnswer() throws {
        let agent = try ScriptedAgent { peer in
            peer.question()
            peer.send("HTTP/1.1 204 No Content\r\n\r\n")
            peer.waitForEnd()
        }
        #expect(try ask(agent.address).response?.status == 204)
        #expect(agent.isDone)
    }

    @Test func onlyIPv6IsFoundAsLocalhost() throws {
        guard
            let agent = try? ScriptedAgent(
                family: AF_INET6,
                { peer in
                    peer.question()
                    peer.send(ok)
                    peer.waitForEnd()
                }), case .tcp(_, let port) = agent.address.way
        else { return }
        #expect(try ask(AgentAddress(host: "localhost", port: port)).response?.status == 200)
        #expect(agent.isDone)
    }

    @Test(arguments: [
        ("", "the agent closed the connection without an answer"),
        ("HTTP/1.1 200 OK\r\nContent-", "at byte 25: the agent closed the connection inside the head"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
            "at byte 40: the agent closed the connection 7 bytes before the body's end"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "at byte 52: the agent closed the connection before the last chunk"
        ),
        ("not HTTP at all\r\n", "at byte 0: an HTTP/1.1 answer does not begin so"),
    ]) func aBrokenAnswerIsAnError(sent: String, message: String) throws {
        let agent = try ScriptedAgent { peer in
            peer.question()
            peer.send(sent)
            peer.finish()
            peer.waitForEnd()
        }
        #expect(try ask(agent.address).error?.description == "\(agent.address): \(message)")
        #expect(agent.isDone)
    }

    @Test func aBrokenConnectionIsAnError() throws {
        let agent = try ScriptedAgent { peer in
            peer.question()
            peer.send("HTTP/1.1 200 OK\r\n")
            peer.reset()
        }
        let error = try ask(agent.address).error
        #expect(error?.code == .closed)
        #expect(error?.message.hasPrefix("the agent broke the connection while") == true)
    }

    @Test func anAnswerWithoutEndIsCutOffAtTheLimit() throws {
        for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nX: "] {
            let agent = try ScriptedAgent { peer in
                peer.question()
                peer.send(head)
                while peer.send(String(repeating: "x", count: 1 << 16)) {}
            }
            var limits = HTTPResponseLimits()
            limits.bodyBytes = 1 << 20
            #expect(try ask(agent.address, limits: limits).error?.code == .limit)
            #expect(agent.isDone)
        }
    }

    @Test func aBigQuestionAndABigAnswerCross() throws {
        let size = 8 << 20
        let agent = try ScriptedAgent { peer in
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            peer.send([UInt8](repeating: 1, count: size))
            peer.waitForEnd()
        }
        let outcome = try ask(agent.address, "POST", body: [UInt8](repeating: 2, count: size))
        #expect(outcome.response?.body == [UInt8](repeating: 1, count: size))
        #expect(agent.isDone)
    }

    @Test func anAgentThatAnswersBeforeItHasReadAllIsHeard() throws {
        let agent = try ScriptedAgent { peer in
            _ = peer.receive(100)
            peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!")
            peer.waitForEnd()
        }
        #expect(try ask(agent.address, "POST", body: [UInt8](repeating: 2, count: 32 << 20)).response?.status == 413)
        #expect(agent.isDone)
    }

    @Test func anAgentThatClosesWithoutReadingRaisesNoSignal() throws {
        let folder = try SocketFolder()
        for path in [nil, "\(folder.path)/s"] {
            let agent = try ScriptedAgent(socket: path) { peer in
                _ = peer.receive(10)
                close(peer.number)
            }
            let error = try ask(agent.address, "POST", body: [UInt8](repeating: 2, count: 32 << 20)).error
            #expect(error?.code == .closed)
            #expect(agent.isDone)
        }
    }

    @Test func nobodyAtAPortIsSaidSo() throws {
        let address = try ScriptedAgent(nil).address
        let outcome = try ask(address)
        #expect(outcome.error?.code == .unreachable)
        #expect(outcome.error?.description.hasPrefix("\(address): nobody listens there: connect: ") == true)
        #expect(outcome.time < .seconds(1))
    }

    @Test func aMissingSocketIsSaidSo() throws {
        let folder = try SocketFolder()
        let missing = try ask(AgentAddress(url: "unix://\(folder.path)/none")).error
        #expect(missing?.code == .unreachable)
        #expect(missing?.message.hasPrefix("there is no such socket: ") == true)
        try Data().write(to: URL(fileURLWithPath: "\(folder.path)/file"))
        let file = try ask(AgentAddress(url: "unix://\(folder.path)/file")).error
        #expect(file?.message.hasPrefix("nobody listens there: ") == true)
    }

    @Test func whatCannotBeSentIsNotConnectedFor() throws {
        let agent = try ScriptedAgent(nil)
        let error = try ask(agent.address, headers: [HTTPHeader("X", "a\r\nb")]).error
        #expect(error?.description == "the field X: at byte 1: this byte cannot be sent here")
    }

    @Test func errnoIsAsItWas() throws {
        let stop = try Stop()
        let client = AgentClient(address: try ScriptedAgent(nil).address)
        errno = 77
        let response = try? client.exchange("GET", "/info", unless: stop.event)
        let after = errno
        #expect(response == nil)
        #expect(after == 77)
    }

    @Test func aNameThatNobodyNeedsToBeAskedForDoesNotBlock() {
        for host in ["127.0.0.1", "::1", "localhost", "LOCALHOST."] { #expect(!HostNames.mayBlock(host)) }
        #expect(HostNames.mayBlock("agent"))
    }
}
