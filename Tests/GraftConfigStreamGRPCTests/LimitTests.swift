// LimitTests: large messages, and the limit on them.
#if ConfigStream

    import Foundation
    import GraftConfigStream
    import Synchronization
    import Testing

    @testable import GraftConfigStreamGRPC

    extension OverGRPC {
        @Suite struct LimitTests {
            @Test func aSnapshotOf30MiBArrivesWithTheDefaults() async throws {
                let agent = try CoreAgent()
                try agent.command("fill", ["count": 300, "size": 100 << 10])
                let message = try #require(try await agent.transport().messages(1).first)
                guard case .snapshot(let snapshot) = message.event else { return #expect(Bool(false)) }
                #expect(snapshot.settings.count == 300)
                #expect(message.size > 300 * 100 << 10)
                for setting in snapshot.settings {
                    guard case .string(let text) = setting.value else { return #expect(Bool(false)) }
                    #expect(text.utf8.count == 100 << 10)
                }
            }

            @Test func aSnapshotOf200000KeysArrives() async throws {
                let agent = try CoreAgent()
                try agent.command("fill", ["count": 200_000])
                let message = try #require(try await agent.transport().messages(1).first)
                guard case .snapshot(let snapshot) = message.event else { return #expect(Bool(false)) }
                #expect(Set(snapshot.settings.map(\.key)).count == 200_000)
            }

            @Test func aMessageAtTheLimitArrivesAndOneAboveEndsTheStream() async throws {
                let agent = try CoreAgent()
                // Above the 4 MiB that the transport has for a limit when it is not told otherwise.
                try agent.command("fill", ["count": 5, "size": 1 << 20])
                let size = try #require(try await agent.transport().messages(1).first).size
                var options = GRPCStreamOptions()
                options.messageBytesMax = size
                #expect(try await agent.transport(options).messages(1).first?.size == size)
                options.messageBytesMax = size - 1
                let failure = await #expect(throws: StreamFailure.self) {
                    _ = try await agent.transport(options).messages(1)
                }
                #expect(failure?.code == .resourceExhausted)
                #expect(failure?.message.contains("\(size)") == true, "\(String(describing: failure))")
            }

            @Test func whatCannotBeReadEndsTheStream() async throws {
                let agent = try CoreAgent()
                // A snapshot that says it is longer than the message.
                try agent.command("opening", ["events": [["hex": "0a7f00"]], "snapshot": false])
                let failure = await #expect(throws: StreamFailure.self) {
                    _ = try await agent.transport().messages(1)
                }
                #expect(failure?.code == .internalError)
                #expect(failure?.message == "a message of 3 bytes cannot be read: it ends within a field")
            }
        }
    }

#endif
