// AgentPatienceTests: exchanges that take too long, are cancelled, or are disturbed, and the socket's manners in a host.

import Foundation
import GraftConfig
import Testing

@testable import GraftRemoteConfig

/// How soon "at once" must be, on a machine with other things to do.
private let atOnce = Duration.seconds(2)

/// Fills the queue of a listener of the loopback, so that the next connection to it is not answered; what fills it.
private func fillQueue(of peer: PeerAddress) -> [Int32] {
    var others: [Int32] = []
    while others.count < 16 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let other = socket(AF_INET, type, 0)
        others.append(other)
        _ = peer.withAddress { connect(other, $0, $1) }
        // What the loopback answers at all, it answers at once.
        var waiting = pollfd(fd: other, events: Int16(POLLOUT), revents: 0)
        if poll(&waiting, 1, 100) == 0 { break }
    }
    return others
}

@Suite(.serialized) struct AgentPatienceTests {
    @Test func aSilentAgentIsGivenUpOn() throws {
        let agent = try ScriptedAgent { $0.waitForEnd() }
        let outcome = try ask(agent.address, timeout: .milliseconds(200))
        #expect(
            outcome.error?.description
                == "\(agent.address): the time for the exchange, 0.2 seconds, has passed while waiting for the answer")
        #expect(outcome.time >= .milliseconds(200) && outcome.time < atOnce)
        #expect(agent.isDone)
    }

    @Test func anAgentThatDripsGetsNoMoreTime() throws {
        let agent = try ScriptedAgent { peer in
            peer.question()
            peer.send("HTTP/1.1 200 OK\r\n\r\n")
            while peer.send("x") { usleep(5_000) }
        }
        let outcome = try ask(agent.address, timeout: .milliseconds(300))
        #expect(outcome.error?.code == .timedOut)
        #expect(outcome.error?.message.contains("while receiving the answer (") == true)
        #expect(outcome.time >= .milliseconds(300) && outcome.time < atOnce)
        #expect(agent.isDone)
    }

    @Test func noTimeAtAllIsNotWaitedFor() throws {
        let agent = try ScriptedAgent(nil)
        for time in [Duration.zero, .seconds(-5)] {
            #expect(try ask(agent.address, timeout: time).error?.code == .timedOut)
        }
    }

    @Test func aCancellationBeforeTheExchangeCountsAndStays() throws {
        let agent = try ScriptedAgent(nil)
        let stop = try Stop()
        stop.event.signal()
        for _ in 0..<2 { #expect(try ask(agent.address, unless: stop).error?.code == .cancelled) }
        stop.event.wait(or: -1)
        #expect(try ask(agent.address, timeout: .milliseconds(50), unless: stop).error?.code == .timedOut)
    }

    @Test func aCancellationEndsConnectingAtOnce() throws {
        let agent = try ScriptedAgent(backlog: 0, nil)
        guard case .tcp(_, let port) = agent.address.way else { return }
        let others = fillQueue(of: try #require(PeerAddress(numeric: "127.0.0.1", port: port)))
        defer { for other in others { close(other) } }
        let stop = try Stop()
        Thread.detachNewThread {
            // Most likely the exchange is connecting by then; if it is not, the cancellation meets it there.
            usleep(50_000)
            stop.event.signal()
        }
        let outcome = try ask(agent.address, timeout: .seconds(20), unless: stop)
        #expect(outcome.error?.code == .cancelled)
        #expect(outcome.time < atOnce)
        #expect(try ask(agent.address, timeout: .milliseconds(50)).error?.message.hasSuffix("while connecting") == true)
    }

    @Test func aCancellationEndsSendingAtOnce() throws {
        let stop = try Stop()
        let gate = DispatchSemaphore(value: 0)
        let agent = try ScriptedAgent { peer in
            _ = peer.receive(1)
            stop.event.signal()
            gate.wait()
            peer.waitForEnd()
        }
        let body = [UInt8](repeating: 1, count: 64 << 20)
        let outcome = try ask(agent.address, "POST", body: body, timeout: .seconds(20), unless: stop)
        gate.signal()
        #expect(outcome.error?.message.hasPrefix("the exchange was cancelled while sending the question") == true)
        #expect(outcome.time < atOnce)
        #expect(agent.isDone)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"])
    func aCancellationEndsReceivingAtOnce(sent: String) throws {
        let stop = try Stop()
        let agent = try ScriptedAgent { peer in
            peer.question()
            peer.send(sent)
            stop.event.signal()
            peer.waitForEnd()
        }
        let outcome = try ask(agent.address, timeout: .seconds(20), unless: stop)
        #expect(outcome.error?.code == .cancelled)
        #expect(outcome.time < atOnce)
        #expect(agent.isDone)
    }

    @Test func aFullQueueOfAUnixSocketIsWaitedFor() throws {
        let folder = try SocketFolder()
        let agent = try ScriptedAgent(socket: "\(folder.path)/s", backlog: 0, nil)
        let peer = try #require(PeerAddress(socket: "\(folder.path)/s"))
        let first = try StreamSocket(family: AF_UNIX)
        #expect(first.connect(to: peer) == 0)
        #expect(
            try ask(agent.address, timeout: .milliseconds(60)).error?.message.hasSuffix("room in the socket's queue")
                == true)
        let listener = agent.listener
        Thread.detachNewThread {
            close(accept(listener, nil, nil))
            let peer = Peer(number: accept(listener, nil, nil))
            peer.question()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            peer.waitForEnd()
            close(peer.number)
        }
        #expect(try ask(agent.address).response?.status == 200)
    }

    @Test func signalsDoNotEndAnExchange() throws {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        var before = sigaction()
        sigaction(SIGURG, &action, &before)
        defer { sigaction(SIGURG, &before, nil) }
        let thread = pthread_self()
        let agent = try ScriptedAgent { peer in
            peer.question()
            for _ in 0..<50 {
                pthread_kill(thread, SIGURG)
                sched_yield()
            }
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            peer.waitForEnd()
        }
        #expect(try ask(agent.address).response?.status == 200)
        #expect(agent.isDone)
    }

    @Test func aSocketIsOutOfTheHostsWay() throws {
        let socket = try StreamSocket(family: AF_INET)
        #expect(socket.number >= 64)
        #expect(fcntl(socket.number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(socket.number, F_GETFL) & O_NONBLOCK != 0)
    }

    @Test func aNumberThatTheHostHasTakenOverIsLeftAlone() throws {
        let taken = try takeOver()
        #expect(fcntl(taken, F_GETFD) >= 0)
        close(taken)
    }

    /// Puts another file under a socket's number, and lets the socket go.
    private func takeOver() throws -> Int32 {
        let socket = try StreamSocket(family: AF_INET)
        let other = open("/dev/zero", O_RDONLY | O_CLOEXEC)
        defer { close(other) }
        #expect(dup2(other, socket.number) == socket.number)
        var buffer = [UInt8](repeating: 0, count: 4)
        var number: Int32 = 0
        do { _ = try socket.receive(into: &buffer) } catch { number = error.number }
        #expect(number == EBADF)
        return socket.number
    }
}

@Suite struct AgentTransportTests {
    @Test func theFieldsOfAQuestionComeAfterThoseOfTheWay() throws {
        let agent = try ScriptedAgent { peer in
            peer.send("HTTP/1.1 200 OK\r\n\r\n\(peer.question())")
            peer.finish()
            peer.waitForEnd()
        }
        let transport = AgentTransport(address: agent.address, environment: ["DD_EXTERNAL_ENV": "it-1"])
        let fields = [HTTPHeader("DD-Telemetry-API-Version", "v2"), HTTPHeader("DD-Session-ID", "abc")]
        let answer = transport.send(HTTPRequest(method: "POST", path: "/t", headers: fields, body: Array("{}".utf8)))
        guard case .response(200, let body) = answer else {
            Issue.record("\(answer)")
            return
        }
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains("Datadog-External-Env: it-1\r\nDD-Telemetry-API-Version: v2\r\nDD-Session-ID: abc\r\n"))
        #expect(text.hasSuffix("\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"))
    }

    @Test func aFieldThatWouldSayMoreThanOneThingFailsTheQuestion() throws {
        let agent = try ScriptedAgent { _ in }
        let fields = [HTTPHeader("DD-Session-ID", "abc\r\nDD-API-KEY: stolen")]
        let request = HTTPRequest(method: "POST", path: "/t", headers: fields, body: [])
        guard case .failure(let reason) = AgentTransport(address: agent.address).send(request) else {
            Issue.record("sent")
            return
        }
        #expect(reason.contains("DD-Session-ID"))
    }

    @Test func aTransportCarriesAnswersAndFailuresAndStops() throws {
        let agent = try ScriptedAgent { peer in
            peer.question()
            peer.send("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}")
            peer.waitForEnd()
        }
        let transport = AgentTransport(address: agent.address)
        let request = HTTPRequest(method: "GET", path: "/info", body: [])
        #expect(transport.send(request) == .response(status: 404, body: Array("{}".utf8)))
        transport.cancel()
        for _ in 0..<2 {
            guard case .failure(let reason) = transport.send(request) else {
                Issue.record("not cancelled")
                return
            }
            #expect(reason.contains("the transport was cancelled"))
        }
    }
}
