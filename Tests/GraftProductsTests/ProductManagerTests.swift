// ProductManagerTests: the way up and down, and what a failure costs.

import GraftConfig
import GraftProducts
import Synchronization
import Testing

@Suite("A product manager")
struct ProductManagerTests {
    let calls = Calls()

    private func product(_ name: String, _ requires: [String] = [], breaks: Set<String> = []) -> Recorder {
        Recorder(name: name, requires: requires, breaks: breaks, calls: calls)
    }

    @Test("starts each product after those that it requires, and otherwise in the order of registration")
    func startOrder() throws {
        let manager = try ProductManager([product("c", ["a", "b"]), product("b", ["a"]), product("x"), product("a")])
        manager.start()
        #expect(calls.names("start") == ["x", "a", "b", "c"])
        #expect(manager.status.map(\.name) == ["x", "a", "b", "c"])
        #expect(manager.status.allSatisfy { $0.state == .running && $0.error == nil && $0.startDuration != nil })
    }

    @Test("names the members of a cycle, starts neither them nor whoever requires them, and starts the rest")
    func cycle() throws {
        let lines = Mutex<[ProductLogLine]>([])
        let products = [
            product("a", ["c"]), product("b", ["a"]), product("c", ["b"]), product("d", ["c"]), product("e"),
        ]
        let manager = try ProductManager(products) { line in lines.withLock { $0.append(line) } }
        manager.start()
        #expect(calls.all == ["start e"])
        #expect(manager.state("a") == .cyclic(["a", "c", "b"]))
        #expect(manager.state("d") == .failedRequirement("c"))
        let errors = lines.withLock { $0 }.filter { $0.level == .error }.map(\.description)
        #expect(errors.contains("products: a: requires itself: a -> c -> b -> a"))
        #expect(errors.contains("products: d: requires c, which does not run"))
    }

    @Test("tells an unknown requirement from a cycle")
    func unknownRequirement() throws {
        let manager = try ProductManager([
            product("a", ["ghost"]), product("b", ["a"]), product("c"), product("self", ["self"]),
        ])
        manager.start()
        #expect(calls.all == ["start c"])
        #expect(manager.state("a") == .unknownRequirement("ghost"))
        #expect(manager.state("b") == .failedRequirement("a"))
        #expect(manager.state("self") == .cyclic(["self"]))
        let error = manager.status.first { $0.name == "a" }?.error
        #expect(error == "requires ghost, which is not registered")
    }

    @Test("keeps a failed start to the product and those that require it, however far away")
    func failedStart() throws {
        let products = [
            product("a", breaks: ["start"]), product("b", ["a"]), product("c", ["b"]), product("d"),
            product("e", ["d"]),
        ]
        let manager = try ProductManager(products)
        manager.start()
        #expect(calls.names("start") == ["a", "d", "e"])
        #expect(manager.state("a") == .failed("start of a is broken"))
        #expect(manager.state("b") == .failedRequirement("a"))
        #expect(manager.state("c") == .failedRequirement("b"))
        #expect(manager.isRunning("e") && !manager.isRunning("a") && !manager.isRunning("nobody"))
    }

    @Test("starts each product once, and with a second start those that came later and those that waited for them")
    func idempotentStart() throws {
        let manager = try ProductManager([product("a"), product("b", ["late"]), product("bad", breaks: ["start"])])
        manager.start()
        manager.start()
        #expect(calls.take() == ["start a", "start bad"])
        try manager.register(product("late"))
        manager.start()
        #expect(calls.all == ["start late", "start b"])
    }

    @Test("stops in the reverse order of the start, once, and only what runs", arguments: [false, true])
    func stopping(_ join: Bool) throws {
        let manager = try ProductManager([product("b", ["a"]), product("a"), product("x", breaks: ["start"])])
        manager.start()
        _ = calls.take()
        manager.stop(join: join)
        let word = join ? " join" : ""
        #expect(calls.take() == ["stop b\(word)", "stop a\(word)"])
        manager.stop(join: join)
        manager.atExit()
        manager.start()
        #expect(calls.all == [])
        #expect(manager.state("a") == .stopped)
    }

    @Test("calls atExit in place of stop, in the reverse order, and nothing after it")
    func atExit() throws {
        let manager = try ProductManager([product("b", ["a"]), product("a")])
        manager.start()
        _ = calls.take()
        manager.atExit(join: true)
        manager.stop()
        #expect(calls.all == ["atExit b join", "atExit a join"])
    }

    @Test("goes on stopping when a product throws, and keeps what it threw")
    func brokenStop() throws {
        let manager = try ProductManager([product("a"), product("b", ["a"], breaks: ["stop"]), product("c", ["b"])])
        manager.start()
        manager.stop()
        #expect(calls.names("stop") == ["c", "b", "a"])
        let b = manager.status.first { $0.name == "b" }
        #expect(b?.state == .stopped)
        #expect(b?.error == "stop failed: stop of b is broken")
    }

    @Test("completes every start once, in order, whoever throws")
    func postPreload() throws {
        let manager = try ProductManager([product("b", ["a"]), product("a", breaks: ["postPreload"])])
        manager.postPreload()
        manager.start()
        manager.postPreload()
        manager.postPreload()
        #expect(calls.names("postPreload") == ["a", "b"])
        #expect(manager.isRunning("a") && manager.isRunning("b"))
    }

    @Test("stops nothing that was never started, and starts nothing once it has stopped")
    func stopFirst() throws {
        let manager = try ProductManager([product("a")])
        manager.stop()
        manager.start()
        #expect(calls.all == [])
        #expect(throws: ProductError(.stopped, "b: the products have stopped")) { try manager.register(product("b")) }
    }

    @Test("refuses a second product of a name, and a name that is empty or too long")
    func names() throws {
        let longest = String(repeating: "n", count: ProductLimits.nameBytes)
        let manager = try ProductManager([product("a"), product(longest)])
        #expect(throws: ProductError(.duplicateName, "a is registered already")) { try manager.register(product("a")) }
        #expect(throws: ProductError.self) { try manager.register(product("")) }
        #expect(throws: ProductError.self) { try manager.register(product(longest + "n")) }
        #expect(throws: ProductError.self) { try ProductManager([product("a"), product("a")]) }
    }

    @Test("takes as many products as its limit says and no more")
    func limit() throws {
        let manager = try ProductManager(
            (0..<ProductLimits.products).map { product("p\($0)", $0 > 0 ? ["p\($0 - 1)"] : []) })
        #expect(throws: ProductError.self) { try manager.register(product("more")) }
        manager.start()
        #expect(calls.names("start").count == ProductLimits.products)
    }

    @Test("refuses a start and a stop from inside a product, and goes on")
    func reentrancy() throws {
        let lines = Mutex<[String]>([])
        let manager = try ProductManager { line in lines.withLock { $0.append(line.description) } }
        let action: @Sendable (String) -> Void = { [weak manager] method in
            manager?.stop()
            manager?.start()
            #expect(manager?.state("a") == (method == "start" ? .starting : .stopping))
        }
        try manager.register(Recorder(name: "a", calls: calls, action: action))
        manager.start()
        #expect(manager.isRunning("a"))
        manager.stop()
        #expect(calls.all == ["start a", "stop a"])
        #expect(lines.withLock { $0 }.contains("products: stop was asked for by a product that is being called"))
    }

    @Test("lets a stop wait for the start that is under way on another thread")
    func exclusion() async throws {
        let gate = AsyncStream<Void>.makeStream()
        let manager = try ProductManager()
        let slow = Recorder(name: "a", calls: calls) { method in
            guard method == "start" else { return }
            gate.continuation.yield()
            // The stop can only come while this start has not returned: give it the chance to be wrong.
            for _ in 0..<1_000 { _ = manager.status }
        }
        try manager.register(slow)
        try manager.register(product("b", ["a"]))
        async let start = Task.detached { manager.start() }.value
        for await _ in gate.stream { break }
        manager.stop()
        _ = await start
        #expect(calls.all == ["start a", "start b", "stop b", "stop a"])
        #expect(!manager.isRunning("a") && !manager.isRunning("b"))
    }

    @Test("shows settings and capabilities of all, also of those that do not run")
    func union() throws {
        let entry = ConfigurationEntry(name: "DD_A", value: true, origin: .environment)
        let a = Recorder(name: "a", config: [entry], apmCapabilities: .sampleRate, breaks: ["start"], calls: calls)
        let b = Recorder(name: "b", apmCapabilities: [.enabled, .multiconfig], calls: calls)
        let manager = try ProductManager([a, b])
        manager.start()
        #expect(manager.configuration == [entry])
        #expect(manager.apmCapabilities.rawValue == 1 << 12 | 1 << 19 | 1 << 45)
    }

    @Test("tells how a product fares as JSON")
    func json() throws {
        var status = ProductStatus(name: "b", requires: ["a"], state: .failedRequirement("a"))
        #expect(
            JSONWriter.text(status.json)
                == #"{"name":"b","state":"failed-requirement","requires":["a"],"error":"requires a, which does not run"}"#
        )
        status = ProductStatus(name: "b", state: .running, startDuration: .microseconds(1_500))
        #expect(JSONWriter.text(status.json) == #"{"name":"b","state":"running","start_ms":1.5}"#)
    }

    @Test("cuts a message at its limit and not before, between characters")
    func messages() {
        let limit = ProductLimits.messageBytes
        let fits = String(repeating: "x", count: limit)
        #expect(ProductError(.payload, fits).message == fits)
        #expect(ProductError(.payload, fits + "x").message == String(repeating: "x", count: limit - 3) + "…")
        let wide = ProductError(.payload, String(repeating: "é", count: limit)).message
        #expect(wide.utf8.count <= limit && wide.hasSuffix("é…"))
    }
}
