// LinesTests: how settings, changes, states and counts read.
#if ConfigStream

    import Foundation
    import Testing

    @testable import GraftConfigStream
    @testable import GraftStreamCLI

    @Suite struct LinesTests {
        private let time = WallTime(nanoseconds: 1_777_890_030_123_000_000)
        private let place = StreamPosition(epoch: 2, sequence: 17)

        /// A change of one key, masked as one that comes first.
        private func change(
            _ key: String, _ old: StreamValue?, _ new: StreamValue?, _ source: StreamSource? = .file
        ) -> ShownChange {
            var masking = Masking(showsSecrets: false)
            return masking.shown(StreamChange(key: key, old: old, new: new, source: source, position: place))
        }

        /// The members of a line of JSON, as another reader sees them.
        private func members(_ line: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }

        @Test func `a setting reads key, value and source under a heading`() {
            let settings = [change("a", nil, .number(8080)), change("b", nil, .string("8080"), .agentRuntime)]
            let snapshot = ShownSnapshot(position: place, origin: "datadog.yaml", settings: settings)
            #expect(
                TextLines().snapshot(snapshot, at: time) == [
                    "# 2026-05-04T10:20:30.123Z 2.17 from datadog.yaml, 2 settings", "a = 8080 (file)",
                    "b = \"8080\" (agent-runtime)",
                ])
        }

        @Test func `an empty snapshot is a heading`() {
            let snapshot = ShownSnapshot(position: place, origin: "", settings: [])
            #expect(TextLines().snapshot(snapshot, at: time) == ["# 2026-05-04T10:20:30.123Z 2.17, 0 settings"])
        }

        @Test func `a change reads time, key, both values, source and place`() {
            #expect(
                TextLines().change(change("a", .bool(true), .list([.number(1), .null])), at: time)
                    == "2026-05-04T10:20:30.123Z a: true -> [1,null] (file) 2.17")
            #expect(
                TextLines().change(change("a", .bool(true), nil, nil), at: time)
                    == "2026-05-04T10:20:30.123Z a: true -> (none) 2.17")
        }

        @Test func `a lag reads from where to where`() {
            let before = StreamPosition(epoch: 1, sequence: 3)
            #expect(
                TextLines().lagged(from: before, to: place, count: 1, at: time)
                    == "2026-05-04T10:20:30.123Z lagged: 1.3 to 2.17 came to 1 change")
        }

        @Test func `a terminal is sent no commands, whatever keys, values and sources say`() {
            let hostile = "a\u{1B}[2J\n\r\u{7}\u{9B}\u{202E}\u{2028}"
            let shown = change(hostile, .string(hostile), .map([hostile: .string(hostile)]), .other(hostile))
            let snapshot = ShownSnapshot(position: place, origin: hostile, settings: [shown])
            for format in [TextLines(), JSONLines()] as [any StreamLines] {
                for line in format.snapshot(snapshot, at: time) + [format.change(shown, at: time)] {
                    let wrong = line.unicodeScalars.filter {
                        $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || [0x202E, 0x2028].contains($0.value)
                    }
                    #expect(wrong.isEmpty, "\(line)")
                }
            }
        }

        @Test func `JSON says of such texts what they are`() throws {
            let hostile = "a\u{1B}\"\\\u{9B}\u{202E}é"
            let line = JSONLines().change(change(hostile, nil, .map([hostile: .string(hostile)])), at: time)
            let found = try members(line)
            #expect(found["key"] as? String == hostile)
            #expect(found["new"] as? [String: String] == [hostile: hostile])
        }

        @Test func `an object has no member where there is nothing to say`() throws {
            let found = try members(JSONLines().change(change("a", .null, nil, nil), at: time))
            #expect(found.keys.sorted() == ["epoch", "event", "key", "old", "sequence", "time"])
            #expect(found["old"] is NSNull && found["epoch"] as? Int == 2 && found["sequence"] as? Int == 17)
        }

        @Test func `a snapshot in JSON is counted and then told key by key`() throws {
            let settings = [change("a", nil, .number(0.5)), change("b", nil, .bool(false), .cli)]
            let snapshot = ShownSnapshot(position: place, origin: "o", settings: settings)
            let found = try JSONLines().snapshot(snapshot, at: time).map { try members($0) }
            #expect(found.map { $0["event"] as? String } == ["snapshot", "setting", "setting"])
            #expect(found[0]["count"] as? Int == 2 && found[0]["origin"] as? String == "o")
            #expect(found[1]["value"] as? Double == 0.5 && found[2]["source"] as? String == "cli")
        }

        @Test func `secrets are masked by their source and by their name`() throws {
            #expect(change("x", nil, .string("hidden"), .secret).new == .masked)
            #expect(change("api_key", .string("hidden"), .string("too")).old == .masked)
            #expect(change("x", nil, .map(["password": .string("hidden")])).new == .masked)
            let line = JSONLines().change(change("api_key", nil, .string("hidden")), at: time)
            #expect(!line.contains("hidden"))
            #expect(try members(line)["masked"] as? Bool == true)
        }

        @Test func `what the store of secrets has set once stays masked`() {
            var masking = Masking(showsSecrets: false)
            func shown(_ old: StreamValue?, _ new: StreamValue?, _ source: StreamSource) -> ShownChange {
                masking.shown(StreamChange(key: "x", old: old, new: new, source: source, position: place))
            }
            #expect(shown(nil, .string("open"), .file).new == .value(.string("open")))
            #expect(shown(.string("open"), .string("hidden"), .secret).new == .masked)
            #expect(shown(.string("hidden"), .string("open"), .file).old == .masked)
        }

        @Test func `who asks for secrets sees them`() {
            var masking = Masking(showsSecrets: true)
            let shown = masking.shown(
                StreamChange(key: "api_key", old: nil, new: .string("seen"), source: .secret, position: place))
            #expect(shown.new == .value(.string("seen")) && !shown.isMasked)
        }

        @Test func `counts that are zero are told on demand only`() {
            var counters = StreamCounters()
            counters.connects = 3
            counters.resyncs[.gap] = 2
            #expect(
                Report.summary("SIGINT", counters, all: false)
                    == "graft-stream: ended by SIGINT: snapshots 0, updates 0, connects 3, resyncs by gap 2")
            #expect(Report.summary("SIGINT", counters, all: true).contains("resyncs by session 0"))
        }

        @Test func `states and failures have a line each`() {
            let failure = StreamFailure(.unavailable, "nobody\nanswers")
            #expect(
                Report.failure(failure, at: time) == "2026-05-04T10:20:30.123Z unavailable: nobody\\u000aanswers")
            #expect(Report.state(.live, nil, at: time) == "2026-05-04T10:20:30.123Z live")
        }
    }

#endif
