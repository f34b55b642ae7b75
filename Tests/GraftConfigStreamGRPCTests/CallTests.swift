// CallTests: the three calls against a core agent in Python: what it sees, and what comes back.
#if ConfigStream

    import Foundation
    import GraftConfigStream
    import Synchronization
    import Testing

    @testable import GraftConfigStreamGRPC

    /// All suites that start processes, one test after the other: they measure times and count descriptors.
    @Suite(.serialized) enum OverGRPC {}

    extension OverGRPC {
        @Suite struct CallTests {
            @Test func theServerSeesTheTokenTheCertificateAndTheSessionWhereItBelongs() async throws {
                let agent = try CoreAgent(["--refresh-interval", "7"])
                let session = try await agent.transport().withConnection { connection in
                    let answer = try await connection.register(me)
                    #expect(answer.refreshIntervalSeconds == 7)
                    try await connection.refresh(sessionID: answer.sessionID)
                    await #expect(throws: Enough.self) {
                        try await connection.stream(client: "shop", sessionID: answer.sessionID) { _ in throw Enough() }
                    }
                    return answer.sessionID
                }
                let token = try String(contentsOfFile: agent.place.files.authToken, encoding: .utf8)
                let calls = try agent.calls()
                #expect(calls.map { $0["call"] as? String } == ["register", "refresh", "stream"])
                #expect(calls.map { $0["certificate"] as? String } == ["ours", "ours", "ours"])
                #expect(calls.map { $0["of"] as? String } == ["tests", session, "shop"])
                let metadata = calls.map { Dictionary(grouping: $0["metadata"] as! [[String]], by: { $0[0] }) }
                for each in metadata { #expect(each["authorization"] == [["authorization", "Bearer \(token)"]]) }
                #expect(metadata.map { $0["session_id"] } == [nil, nil, [["session_id", session]]])
            }

            @Test func theRegistryKnowsWhatTheClientSaidOfItself() async throws {
                let agent = try CoreAgent()
                try await agent.transport().withConnection { connection in
                    _ = try await connection.register(me)
                    let sessions = try agent.command("sessions")["sessions"] as! [[String: Any]]
                    #expect(sessions.count == 1)
                    let shown = "\(sessions)"
                    for part in ["42", "graft", "tests", "https://configstream-consumer/tests"] {
                        #expect(shown.contains(part), "\(part) in \(shown)")
                    }
                }
            }

            @Test func messagesArriveInOrderWithTheirSizes() async throws {
                let agent = try CoreAgent()
                try agent.command("load", ["settings": ["a": 1, "b": ["c": "text"]]])
                let seen = Mutex<[StreamMessage]>([])
                await #expect(throws: Enough.self) {
                    try await agent.transport().withSession { connection, session in
                        try await connection.stream(client: "tests", sessionID: session) { message in
                            let count = seen.withLock {
                                $0.append(message)
                                return $0.count
                            }
                            if count == 1 { try agent.command("burst", ["count": 50, "keys": 3]) }
                            if count == 51 { throw Enough() }
                        }
                    }
                }
                let messages = seen.withLock { $0 }
                guard case .snapshot(let snapshot) = messages[0].event else { return #expect(Bool(false)) }
                #expect(Set(snapshot.settings.map(\.key)) == ["a", "b.c"])
                #expect(snapshot.origin == "datadog.yaml")
                let sequences = messages.dropFirst().map { message -> Int32 in
                    if case .update(let update) = message.event { update.sequence } else { -1 }
                }
                #expect(sequences == Array(snapshot.sequence + 1...snapshot.sequence + 50))
                #expect(messages.allSatisfy { $0.size > 0 && $0.unknownFields == 0 })
            }

            @Test func aStreamThatTheServerEndsWithOKReturns() async throws {
                let agent = try CoreAgent()
                try await agent.transport().withSession { connection, session in
                    try await connection.stream(client: "tests", sessionID: session) { _ in try agent.command("end") }
                    try agent.command("fail_snapshots")
                    try await connection.stream(client: "tests", sessionID: session) { _ in throw Enough() }
                }
            }

            @Test(arguments: [
                "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
                "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
                "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
            ])
            func everyStatusHasItsCode(status: String) async throws {
                let agent = try Self.shared.get()
                let expected = StreamFailure(StreamFailure.Code(status.lowercased()), "because of \(status)")
                for call in ["register", "refresh", "stream"] {
                    try agent.command("answer", ["call": call, "status": status, "text": expected.message])
                }
                try await agent.transport().withConnection { connection in
                    await #expect(throws: expected) { _ = try await connection.register(me) }
                    await #expect(throws: expected) { try await connection.refresh(sessionID: "any") }
                    await #expect(throws: expected) {
                        try await connection.stream(client: "tests", sessionID: "any") { _ in }
                    }
                    // And in the middle of a stream.
                    let session = try await connection.register(me).sessionID
                    await #expect(throws: expected) {
                        try await connection.stream(client: "tests", sessionID: session) { _ in
                            try agent.command("end", ["status": status, "text": expected.message])
                        }
                    }
                }
            }

            /// The core agent of the test above, which is run once for each status.
            private static let shared = Result { try CoreAgent() }

            @Test func aSessionThatIsUnknownIsRejected() async throws {
                let agent = try CoreAgent()
                try await agent.transport().withConnection { connection in
                    for session in ["", "nobody"] {
                        let failure = await #expect(throws: StreamFailure.self) {
                            try await connection.stream(client: "tests", sessionID: session) { _ in }
                        }
                        #expect(failure?.rejectsSession == true, "\(String(describing: failure))")
                    }
                    let failure = await #expect(throws: StreamFailure.self) {
                        try await connection.refresh(sessionID: "nobody")
                    }
                    #expect(failure?.code == .notFound)
                }
            }

            @Test func anOldCoreAgentHasNoStream() async throws {
                let agent = try CoreAgent(["--profile", "2025-06"])
                try await agent.transport().withConnection { connection in
                    let failure = await #expect(throws: StreamFailure.self) {
                        try await connection.stream(client: "tests", sessionID: "any") { _ in }
                    }
                    #expect(failure?.code == .unimplemented)
                }
            }

            @Test func aRegistrationThatIsNotAnsweredEndsAtItsDeadline() async throws {
                let agent = try CoreAgent()
                try agent.command("answer", ["call": "register", "hangs": true])
                var options = GRPCStreamOptions()
                options.callTimeout = .milliseconds(300)
                try await agent.transport(options).withConnection { connection in
                    let failure = await #expect(throws: StreamFailure.self) { _ = try await connection.register(me) }
                    #expect(failure?.code == .deadlineExceeded)
                }
            }
        }
    }

#endif
