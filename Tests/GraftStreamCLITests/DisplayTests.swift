// DisplayTests: what is printed after what.
#if ConfigStream

    import GraftConfigStream
    import GraftTestKit
    import Testing

    @testable import GraftStreamCLI

    @Suite struct DisplayTests {
        private let time = WallTime(nanoseconds: 0)

        /// A display that shows what a core agent says first: `a` is 1, `b` is 2, at 1.2.
        private func display(_ selection: StreamSelection = .all) async throws -> (Display, [String]) {
            let agent = InProcessCoreAgent()
            agent.set("a", .number(1))
            agent.set("b", .number(2))
            let consumer = try ConfigStreamConsumer(StreamSettings(clientName: "tests"), transport: agent)
            let running = Task { try await consumer.run() }
            try await consumer.waitReady(timeout: .seconds(20))
            var display = Display(selection, as: TextLines(), showsSecrets: false)
            let lines = display.begin(with: consumer.reader, at: time)
            consumer.stop()
            try await running.value
            return (display, lines)
        }

        /// A change of a key that has come from its file.
        private func change(
            _ key: String, _ old: Double?, _ new: Double?, _ epoch: UInt64, _ sequence: Int32
        ) -> StreamChange {
            StreamChange(
                key: key, old: old.map { .number($0) }, new: new.map { .number($0) }, source: new.map { _ in .file },
                position: StreamPosition(epoch: epoch, sequence: sequence))
        }

        /// The lines of a notice behind their time.
        private func lines(of display: inout Display, _ notice: StreamNotice) -> [String] {
            display.take(notice, at: time).map { String($0.drop { $0 != " " }.dropFirst()) }
        }

        @Test func `the configuration comes first, in the order of its keys`() async throws {
            let (_, lines) = try await display()
            #expect(lines.dropFirst() == ["a = 1 (file)", "b = 2 (file)"])
            #expect(try await display(.key("B")).1.dropFirst() == ["b = 2 (file)"])
            #expect(try await display(.prefix("A")).1.dropFirst() == ["a = 1 (file)"])
            #expect(try await display(.prefix("x")).1.count == 1)
        }

        @Test func `what the configuration has already is not told again`() async throws {
            var (display, _) = try await display()
            #expect(lines(of: &display, .change(change("a", nil, 1, 1, 2))) == [])
            #expect(lines(of: &display, .change(change("b", 7, 8, 1, 1))) == [])
            #expect(lines(of: &display, .change(change("b", 2, 3, 1, 3))) == ["b: 2 -> 3 (file) 1.3"])
            #expect(lines(of: &display, .change(change("b", 3, nil, 2, 0))) == ["b: 3 -> (none) 2.0"])
        }

        @Test func `a lag that begins before the configuration reads from what was printed`() async throws {
            var (display, _) = try await display()
            let lag = StreamNotice.lagged(
                from: StreamPosition(epoch: 0, sequence: -1), to: StreamPosition(epoch: 1, sequence: 9),
                changes: [change("a", nil, 1, 1, 9), change("b", nil, 5, 1, 9)])
            #expect(lines(of: &display, lag) == ["lagged: 0.-1 to 1.9 came to 1 change", "b: 2 -> 5 (file) 1.9"])
            #expect(lines(of: &display, lag) == [])
        }

        @Test func `numbers that have wrapped come later`() async throws {
            var (display, _) = try await display()
            #expect(lines(of: &display, .change(change("a", 1, 2, 1, .min + 1))).count == 1)
        }
    }

#endif
