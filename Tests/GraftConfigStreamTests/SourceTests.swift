// SourceTests: settings of a stream as a source of configuration, and as what drives a product.

import Graft
import GraftConfig
import GraftSCA
import GraftTestKit
import Testing

@testable import GraftConfigStream

/// What a source looks at, without a consumer: whoever waits for a descriptor waits for no task then.
private final class Shown {
    let store: StreamStore
    let hub: StreamHub
    private var generation = Generation.none
    private let writer = TableWriter(profile: .graft)

    init() throws {
        store = try StreamStore(.none)
        hub = StreamHub(.none, .live)
    }

    /// Shows what an update leads to, as the consumer does.
    func show(_ setting: StreamSetting) throws {
        let position = StreamPosition(epoch: 1, sequence: generation.position.sequence + 1)
        generation = Generation(
            table: writer.update(setting, after: generation.table), position: position, origin: "core-agent")
        try store.publish(generation)
        hub.step(to: generation)
    }

    /// Sets a text, or unsets it.
    func set(_ key: String, _ text: String?) throws {
        try show(
            text.map { StreamSetting(key: key, source: "file", value: .string($0)) }
                ?? StreamSetting(key: key, source: "", value: nil, unsetSource: "file"))
    }
}

@Suite("A stream as a source of configuration") struct SourceTests {
    @Test("passes the conformance suite of sources")
    func conformance() throws {
        let violations = try checkConfigSource(patience: patience) {
            let shown = try Shown()
            return ConfigSourceStage(
                open: { try StreamConfigSource(shown.store, shown.hub, prefix: StreamConfigSource.usualPrefix) },
                put: { try shown.set("graft.\($0)", $1) },
                spoil: { try shown.set("graft.\($0)", "{spoiled") },
                remove: { try shown.set("graft.\($0)", nil) },
                path: { "graft.\($0)" })
        }
        #expect(violations == [])
    }

    @Test("gives each kind of value as JSON, and a text that is JSON as it is")
    func payloads() async throws {
        let values: [(StreamValue, String)] = [
            (.null, ""), (.bool(true), "true"), (.number(8080), "8080"), (.number(0.5), "0.5"),
            (.string("debug"), #""debug""#), (.string(""), #""""#), (.string(" [1, 2]\n"), " [1, 2]\n"),
            (.string("12"), "12"), (.string("\"x\""), "\"x\""), (.string("null"), "null"),
            (.list([.number(1), .string("a")]), #"[1,"a"]"#),
            (.map(["b": .list([]), "a": .string("{}")]), #"{"a":"{}","b":[]}"#),
        ]
        let agent = InProcessCoreAgent()
        for (index, value) in values.enumerated() { agent.set("Graft.\(index + 100)", value.0) }
        agent.set("other.key", .bool(true))
        agent.set("graft", .bool(true))
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            let source = try StreamConfigSource(consumer)
            let updates = updates(source.poll())
            let expected = values.enumerated().filter { $0.element.0 != .null }.map {
                ("graft.\($0.offset + 100)", $0.element.1)
            }
            #expect(updates.map(\.path) == expected.map(\.0))
            #expect(updates.map { String(decoding: $0.bytes ?? [], as: UTF8.self) } == expected.map(\.1))
            #expect(updates.map(\.sequence) == Array(1...UInt64(expected.count)))
            #expect(updates.allSatisfy { $0.version == 1 && !$0.isSnapshot })
            #expect(source.poll().isEmpty)
        }
    }

    @Test("says what is wrong with a text that is meant as JSON, once for each reason and with its place")
    func problems() async throws {
        let agent = InProcessCoreAgent()
        try await withConsumer(of: agent) { consumer in
            let source = try StreamConfigSource(consumer)
            func say(_ value: StreamValue) async throws -> [ConfigEvent] {
                let number = agent.set("graft.a", value)
                _ = try await consumer.reader.atLeast(sequence: number)
                return source.poll()
            }
            let first = try await say(.string("[1 2]"))
            guard case .problem(let error)? = first.first, first.count == 1 else {
                throw StreamError(.cache, "\(first)")
            }
            #expect(error.path == "graft.a" && error.place?.column == 4)
            #expect(try await say(.string("[1 2]")).isEmpty)
            #expect(try await say(.string("[1  2]")).count == 1)
            let number = agent.unset("graft.a", source: .file)
            _ = try await consumer.reader.atLeast(sequence: number)
            #expect(source.poll() == [.cleared(path: "graft.a")])
            // Deeper than a payload may be.
            let deep = (0...JSONLimits.maximumDepth).reduce(StreamValue.null) { value, _ in .list([value]) }
            guard case .problem(let limit)? = try await say(deep).first else { throw StreamError(.cache, "taken") }
            #expect(limit.code == .limit)
        }
    }

    @Test("falls back with the stream: a source that is unset leaves the next one's value")
    func layers() async throws {
        let agent = InProcessCoreAgent()
        agent.set("graft.a", .number(1), source: .file)
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            let source = try StreamConfigSource(consumer)
            _ = source.poll()
            agent.set("graft.a", .number(2), source: .cli)
            _ = try await consumer.reader.atLeast(sequence: 2)
            #expect(updates(source.poll()).map(\.bytes) == [Array("2".utf8)])
            // The same value from another source is nothing new.
            agent.set("graft.a", .number(2), source: .remoteConfig)
            _ = try await consumer.reader.atLeast(sequence: 3)
            #expect(source.poll().isEmpty)
            agent.unset("graft.a", source: .cli)
            _ = try await consumer.reader.atLeast(sequence: 4)
            #expect(source.poll().isEmpty)
            agent.unset("graft.a", source: .remoteConfig)
            _ = try await consumer.reader.atLeast(sequence: 5)
            #expect(updates(source.poll()).map(\.bytes) == [Array("1".utf8)])
        }
    }

    @Test("removes what a snapshot does not say any more, and keeps everything when the consumer ends")
    func resync() async throws {
        let agent = InProcessCoreAgent()
        agent.set("graft.a", .number(1))
        agent.set("graft.b", .number(2))
        let source = try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            let source = try StreamConfigSource(consumer)
            #expect(updates(source.poll()).map(\.path) == ["graft.a", "graft.b"])
            agent.restart(sequence: 0)
            agent.set("graft.b", .number(3))
            _ = try await consumer.reader.atLeast(sequence: 1, epoch: 2)
            let events = updates(source.poll())
            #expect(events.map(\.path) == ["graft.a", "graft.b"])
            #expect(events.map(\.isRemoval) == [true, false])
            #expect(events.map(\.version) == [2, 2] && events.map(\.sequence) == [3, 4])
            return source
        }
        #expect(source.poll().isEmpty)
        #expect(source.descriptor >= 0)
        source.close()
        #expect(source.descriptor == -1)
    }

    @Test("takes paths up to its limit; those past it come in when there is room")
    func limit() throws {
        var state = StreamSourceState(prefix: "Graft.", pathsMax: 2)
        let writer = TableWriter(profile: .graft)
        func generation(_ keys: [String]) -> Generation {
            let settings = keys.map { StreamSetting(key: $0, source: "file", value: .string("1")) }
            return Generation(
                table: writer.snapshot(settings, after: .empty).table,
                position: StreamPosition(epoch: 1, sequence: 1), origin: "")
        }
        let first = state.events(upTo: generation(["graft.c", "graft.b", "graft.a"]))
        #expect(updates(first).map(\.path) == ["graft.a", "graft.b"])
        guard case .problem(let error)? = first.last else { throw StreamError(.cache, "\(first)") }
        #expect(error.code == .limit && error.path == "graft.c")
        #expect(state.events(upTo: generation(["graft.a", "graft.b", "graft.c", "graft.d"])).count == 1)
        let next = state.events(upTo: generation(["graft.b", "graft.c", "graft.d"]))
        #expect(updates(next).map(\.path) == ["graft.a", "graft.c"])
        #expect(updates(next).map(\.isRemoval) == [true, false])
        // One that waits and goes is no update.
        #expect(state.events(upTo: generation(["graft.b", "graft.c"])) == [.cleared(path: "graft.d")])
        #expect(StreamConfigSource.maximumPaths == 1_024)
    }

    @Test("hears nothing after it is closed, and the consumer nothing of it")
    func closing() async throws {
        let agent = InProcessCoreAgent()
        try await withConsumer(of: agent) { consumer in
            try await consumer.waitReady(timeout: patience)
            var source: StreamConfigSource? = try StreamConfigSource(consumer)
            #expect(consumer.hub.observerCount == 1)
            source?.close()
            #expect(consumer.hub.observerCount == 0)
            source = try StreamConfigSource(consumer)
            #expect(source != nil && consumer.hub.observerCount == 1)
            source = nil
            #expect(consumer.hub.observerCount == 0)
        }
    }

    @Test("drives the detection product: targets are installed, moved by an update and removed when unset")
    func product() async throws {
        let agent = InProcessCoreAgent()
        agent.set("graft.sca.targets", .map(["targets": .list([.string("a.so:f"), .string("a.so:g")])]))
        agent.set("graft.sca.more", .string(#"{"targets": ["b.so:h"]}"#))
        let core = RecordingInstrumentation()
        let gate = Gate(environment: [
            "DD_SCA_DETECTION_ENABLED": "1", "DD_APPSEC_ENABLED": "1", "DD_APPSEC_SCA_ENABLED": "1",
        ])
        let product = SCAProduct(gate: gate, world: World(root: "/nowhere", images: { LoadedImages() })) {
            () throws(GraftError) in core
        }
        try await withConsumer(of: agent) { consumer in
            let source = try ConfigUpdates(StreamConfigSource(consumer, prefix: "graft.sca."))
            var events = source.makeAsyncIterator()
            /// Applies so many updates.
            func apply(_ count: Int) async -> [SCAProduct.Acknowledgement] {
                var answers: [SCAProduct.Acknowledgement] = []
                while answers.count < count, case .update(let update)? = await events.next() {
                    answers.append(product.apply(update))
                }
                return answers
            }
            #expect(await apply(2).map(\.state) == [.applied, .applied])
            #expect(core.targets == ["a.so:f", "a.so:g", "b.so:h"])
            agent.set("graft.other", .bool(true))
            agent.set("graft.sca.targets", .map(["targets": .list([.string("a.so:g"), .string("a.so:new")])]))
            let moved = await apply(1)
            #expect(moved.map(\.path) == ["graft.sca.targets"] && moved.map(\.version) == [2])
            #expect(core.targets == ["a.so:g", "a.so:new", "b.so:h"])
            // A payload that the product refuses leaves what was in force.
            agent.set("graft.sca.targets", .map(["targets": .number(1)]))
            #expect(await apply(1).map(\.state) != [.applied])
            #expect(core.targets == ["a.so:g", "a.so:new", "b.so:h"])
            agent.unset("graft.sca.targets", source: .file)
            _ = await apply(1)
            #expect(core.targets == ["b.so:h"])
            agent.unset("graft.sca.more", source: .file)
            _ = await apply(1)
            #expect(core.targets == [])
        }
        product.stop()
    }

    /// The updates among events.
    private func updates(_ events: [ConfigEvent]) -> [ConfigUpdate] {
        events.compactMap { if case .update(let update) = $0 { update } else { nil } }
    }
}
