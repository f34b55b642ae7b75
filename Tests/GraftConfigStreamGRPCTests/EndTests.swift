// EndTests: connections that end, by the server, by the network or by us, and what is left of them: nothing.
#if ConfigStream

    import Foundation
    import GraftConfigStream
    import Synchronization
    import Testing

    @testable import GraftConfigStreamGRPC

    /// How long something took.
    func duration(_ body: () async throws -> Void) async rethrows -> Duration {
        let begun = ContinuousClock.now
        try await body()
        return ContinuousClock.now - begun
    }

    extension OverGRPC {
        @Suite struct EndTests {
            /// The longest that any end of ours may take, on a machine that is busy with other things.
            static let prompt = Duration.seconds(1)

            @Test func aServerThatIsKilledEndsTheStreamAndItsSuccessorIsFound() async throws {
                let folder = CoreAgent.newFolder()
                let agent = try CoreAgent(folder: folder)
                let transport = agent.transport()
                let failure = await #expect(throws: StreamFailure.self) {
                    try await transport.withSession { connection, session in
                        try await connection.stream(client: "tests", sessionID: session) { _ in agent.kill(SIGKILL) }
                    }
                }
                #expect(failure?.code == .unavailable)
                let refused = await duration {
                    let failure = await #expect(throws: StreamFailure.self) { _ = try await transport.messages(1) }
                    #expect(failure?.code == .unavailable)
                }
                #expect(refused < Self.prompt)
                let successor = try CoreAgent(["--port", "\(agent.place.port)"], folder: folder)
                let found = try await duration { _ = try await transport.messages(1) }
                #expect(found < Self.prompt)
                successor.kill(SIGKILL)
            }

            @Test func aConnectionThatIsLostIsNotMadeAgain() async throws {
                let agent = try CoreAgent()
                try await agent.transport().withSession { connection, session in
                    try agent.command("cut")
                    // Whether or not the client has noticed yet, it fails: the server is there, and would answer.
                    for _ in 0..<20 {
                        let failure = await #expect(throws: StreamFailure.self) {
                            try await connection.refresh(sessionID: session)
                        }
                        #expect(failure?.code == .unavailable, "\(String(describing: failure))")
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
                #expect(try agent.calls().filter { $0["call"] as? String == "refresh" }.isEmpty)
            }

            @Test func whatReceiveThrowsEndsTheStreamAndIsThrownOn() async throws {
                struct Own: Error, Equatable { let number: Int }
                let agent = try CoreAgent()
                let took = await duration {
                    await #expect(throws: Own(number: 7)) {
                        try await agent.transport().withSession { connection, session in
                            try await connection.stream(client: "tests", sessionID: session) { _ in throw Own(number: 7)
                            }
                        }
                    }
                }
                #expect(took < Self.prompt)
                try agent.command("wait", ["subscribers": 0])
            }

            @Test func aStreamEndsAtOnceWhenItsTaskIsCancelled() async throws {
                let agent = try CoreAgent()
                let transport = agent.transport()
                for _ in 0..<5 {
                    let opened = AsyncStream.makeStream(of: Void.self)
                    let task = Task {
                        try await transport.withSession { connection, session in
                            try await connection.stream(client: "tests", sessionID: session) { _ in
                                opened.continuation.yield()
                            }
                        }
                    }
                    for await _ in opened.stream { break }
                    let took = await duration {
                        task.cancel()
                        await #expect(throws: CancellationError.self) { try await task.value }
                    }
                    #expect(took < Self.prompt)
                    try agent.command("wait", ["subscribers": 0, "timeout": 2])
                }
            }

            @Test func aConnectionEndsAtOnceWhenNothingIsCalled() async throws {
                let agent = try CoreAgent()
                for _ in 0..<5 {
                    let took = try await duration {
                        _ = try await agent.transport().withConnection { try await $0.register(me) }
                    }
                    #expect(took < Self.prompt)
                }
                let unused = try await duration { try await agent.transport().withConnection { _ in } }
                #expect(unused < Self.prompt)
            }

            @Test func aStreamOnAConnectionThatHasEndedFails() async throws {
                let agent = try CoreAgent()
                let kept = try await agent.transport().withConnection { $0 }
                let failure = await #expect(throws: StreamFailure.self) { _ = try await kept.register(me) }
                #expect(failure?.code == .unavailable)
            }

            @Test func aCallThatHangsEndsAtOnceWhenItsTaskIsCancelled() async throws {
                let agent = try CoreAgent()
                try agent.command("answer", ["call": "register", "hangs": true])
                let transport = agent.transport()
                let task = Task { try await transport.withConnection { try await $0.register(me) } }
                try agent.command("wait", ["register": 1])
                let took = await duration {
                    task.cancel()
                    await #expect(throws: StreamFailure.self) { try await task.value }
                }
                #expect(took < Self.prompt)
            }

            @Test func connectingEndsAtItsTimeAndAtOnceWhenItsTaskIsCancelled() async throws {
                let agent = try CoreAgent()
                // One takes the connection and says nothing; the other does not even take it.
                for listener in [try Listener(backlog: 10, filled: false), try Listener(backlog: 0, filled: true)] {
                    var options = GRPCStreamOptions()
                    options.connectTimeout = .milliseconds(300)
                    let address = CoreAgentAddress.ipv4("127.0.0.1", port: listener.port)
                    let impatient = GRPCStreamTransport(address: address, files: agent.place.files, options: options)
                    let took = await duration {
                        let failure = await #expect(throws: StreamFailure.self) { _ = try await impatient.messages(1) }
                        #expect(failure?.code == .unavailable)
                        #expect(
                            failure?.message.contains("has said nothing for 0.3 seconds") == true,
                            "\(String(describing: failure))")
                    }
                    #expect(took >= .milliseconds(300) && took < .milliseconds(300) + Self.prompt)
                    let patient = GRPCStreamTransport(address: address, files: agent.place.files)
                    let task = Task { try await patient.messages(1) }
                    try await Task.sleep(for: .milliseconds(200))
                    let stopped = await duration {
                        task.cancel()
                        _ = await task.result
                    }
                    #expect(stopped < Self.prompt)
                }
            }

            @Test func aServerThatHangsIsFoundByPings() async throws {
                let agent = try CoreAgent()
                var options = GRPCStreamOptions()
                options.keepalive = .init(time: .milliseconds(500), timeout: .milliseconds(500))
                let transport = agent.transport(options)
                let stopped = Mutex(false)
                let failure = await #expect(throws: StreamFailure.self) {
                    try await transport.withSession { connection, session in
                        try await connection.stream(client: "tests", sessionID: session) { _ in
                            stopped.withLock { $0 = true }
                            agent.kill(SIGSTOP)
                        }
                    }
                }
                #expect(stopped.withLock { $0 })
                #expect(failure?.code == .unavailable)
                agent.kill(SIGCONT)
            }

            @Test func nothingIsLeftOfConnections() async throws {
                let agent = try CoreAgent()
                let transport = agent.transport()
                let broken = GRPCStreamTransport(address: .ipv4("127.0.0.1", port: 1), files: agent.place.files)
                func round() async throws {
                    #expect(try await transport.messages(1).count == 1)
                    await #expect(throws: StreamFailure.self) { _ = try await broken.messages(1) }
                    let task = Task { try await transport.messages(2) }
                    try agent.command("wait", ["subscribers": 1])
                    task.cancel()
                    _ = await task.result
                }
                // What stays for ever is there after the first few.
                for _ in 0..<3 { try await round() }
                let before = Resources.now()
                for _ in 0..<50 { try await round() }
                let after = Resources.now()
                #expect(after.descriptors == before.descriptors)
                #expect(after.threads <= before.threads + 1)
                #expect(after.residentKiB < before.residentKiB + 20_000)
            }
        }
    }

    /// What the process has.
    struct Resources {
        let descriptors: Int
        let threads: Int
        let residentKiB: Int

        static func now() -> Resources {
            let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
            func number(_ name: String) -> Int {
                let line = status.split(separator: "\n").first { $0.hasPrefix("\(name):") } ?? ""
                return Int(line.split(whereSeparator: { !$0.isNumber }).first ?? "") ?? 0
            }
            let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
            return Resources(descriptors: descriptors, threads: number("Threads"), residentKiB: number("VmRSS"))
        }
    }

    /// A socket that listens and accepts nothing; with its queue filled it does not even answer the first packet.
    final class Listener {
        let port: Int
        private let socket: CInt
        private var fillers: [CInt] = []

        init(backlog: CInt, filled: Bool) throws {
            socket = Foundation.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let listener = socket
            let isOpen = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, length) == 0 && listen(listener, backlog) == 0
                        && getsockname(listener, $0, &length) == 0
                }
            }
            guard isOpen else { throw CoreAgentError(description: "no socket can listen") }
            port = Int(UInt16(bigEndian: address.sin_port))
            guard filled else { return }
            for _ in 0..<4 {
                let filler = Foundation.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
                fillers.append(filler)
                _ = withUnsafeMutablePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(filler, $0, length) }
                }
            }
        }

        deinit {
            for each in fillers + [socket] { close(each) }
        }
    }

#endif
