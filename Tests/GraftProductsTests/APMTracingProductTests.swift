// APMTracingProductTests: configurations of APM_TRACING from an agent in memory to the products' handlers and back.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import GraftTestKit
import Synchronization
import Testing

/// A file of `APM_TRACING`.
private func offered(_ id: String, _ config: String, target: String = "{}", version: UInt64 = 1) -> OfferedFile {
    OfferedFile(
        "datadog/2/APM_TRACING/\(id)/config", #"{"service_target":\#(target),"lib_config":\#(config)}"#,
        version: version)
}

/// A product that remembers the rates that it was told, and breaks on one of them.
private struct Sampler: Product {
    let name: String
    var apmCapabilities: APMCapabilities = [.sampleRate]
    var breaks: Double?
    let rates = Rates()
    var action: @Sendable () -> Void = {}

    /// The rates that hold, as they were told.
    final class Rates: Sendable {
        let all = Mutex<[Double]>([])
        let told = WaitSemaphore()
    }

    func start() {}
    func restart(join: Bool) {}
    func stop(join: Bool) {}
    func atExit(join: Bool) {}
    func postPreload() {}
    func apmTracingRC(_ remote: LibraryConfig, _ settings: LibraryConfig) throws {
        rates.all.withLock { $0.append(settings.tracingSamplingRate ?? -1) }
        defer { rates.told.signal() }
        action()
        if let breaks, settings.tracingSamplingRate == breaks { throw Broken(description: "no such rate") }
    }
    /// Waits until it was told once more.
    func wait() -> Bool { rates.told.wait(until: MonotonicTime.now(plus: .seconds(10))) }
}

/// A manager with Remote Configuration, APM_TRACING and these products, over an agent.
private struct House {
    let remote: RemoteConfigProduct
    let manager: ProductManager
    let changes = Changes()

    /// What was handed to telemetry: `name value origin`.
    final class Changes: Sendable { let all = Mutex<[String]>([]) }

    init(_ agent: MemoryAgent, _ products: [any Product], local: Double = 1) throws {
        remote = try agent.product()
        manager = try ProductManager([remote] + products)
        var settings = LibraryConfig()
        settings.tracingSamplingRate = local
        let changes = changes
        try manager.register(
            APMTracingProduct(
                manager, over: remote, identity: APMIdentity(service: "shop", env: "ci"), local: settings
            ) { entries in
                changes.all.withLock { $0 += entries.map { "\($0.name) \($0.value) \($0.origin)" } }
            })
        manager.start()
    }
}

@Suite("APM_TRACING over Remote Configuration")
struct APMTracingProductTests {
    @Test("tells products, telemetry and the agent what has come of a configuration, and of its removal")
    func life() throws {
        let agent = MemoryAgent(offered("a", #"{"tracing_sampling_rate":0.25}"#))
        let sampler = Sampler(name: "sampler")
        let house = try House(agent, [sampler])
        #expect(sampler.wait())
        let client = try #require(agent.wait { $0.report(of: "a") == "2" })
        #expect(client.products == ["APM_TRACING"] && client["capabilities"] == "EAA=")
        agent.change(2)
        #expect(sampler.wait())
        house.manager.stop(join: true)
        #expect(sampler.rates.all.withLock { $0 } == [0.25, 1])
        #expect(house.changes.all.withLock { $0.count } == 2)
        #expect(house.changes.all.withLock { $0.map { $0.hasSuffix("remote_config") } } == [true, false])
    }

    @Test("acknowledges what cannot be used as an error, what is for others and what is incomplete as what they are")
    func acknowledgements() throws {
        let agent = MemoryAgent(
            offered("bad", #"{"tracing_sampling_rate":"much"}"#),
            offered("other", #"{"tracing_sampling_rate":0.5}"#, target: #"{"service":"till","env":"ci"}"#),
            offered("part", #"{"tracing_tags":["a:b","nothing"]}"#), offered("good", #"{"tracing_sampling_rate":0.1}"#))
        let sampler = Sampler(name: "sampler")
        let house = try House(agent, [sampler])
        let client = try #require(agent.wait { $0.report(of: "good") == "2" })
        #expect(client.report(of: "bad") == "3: lib_config.tracing_sampling_rate: a number is expected, not a string")
        #expect(client.report(of: "other") == "2")
        #expect(client.report(of: "part") == "2: lib_config.tracing_tags[1]: not a complete tag, left out")
        #expect(sampler.rates.all.withLock { $0 } == [0.1])
        house.manager.stop(join: true)
    }

    @Test("reports a handler's error until the handler takes the setting")
    func handlerErrors() throws {
        let agent = MemoryAgent(offered("a", #"{"tracing_sampling_rate":0.5}"#))
        let sampler = Sampler(name: "sampler", breaks: 0.5)
        let house = try House(agent, [sampler])
        #expect(agent.wait { $0.report(of: "a") == "3: sampler: no such rate" } != nil)
        // A more particular one: `a` holds as it was, and nothing is broken any more.
        agent.change(
            2, offered("a", #"{"tracing_sampling_rate":0.5}"#),
            offered("b", #"{"tracing_sampling_rate":0.75}"#, target: #"{"service":"shop","env":"ci"}"#))
        #expect(agent.wait { $0.report(of: "a") == "2" && $0.report(of: "b") == "2" } != nil)
        house.manager.stop(join: true)
        // The start that goes on beside the first poll may have tried once more.
        let rates = sampler.rates.all.withLock { $0 }
        #expect(rates.last == 0.75 && rates.dropLast().allSatisfy { $0 == 0.5 })
    }

    @Test("asks for the product once one can be configured, and tells one that comes late what holds")
    func late() throws {
        let agent = MemoryAgent(offered("a", #"{"tracing_sampling_rate":0.5}"#))
        let house = try House(agent, [Sampler(name: "none", apmCapabilities: [])])
        #expect(try #require(agent.wait { _ in true }).products == [])
        let sampler = Sampler(name: "late")
        try house.manager.register(sampler)
        house.manager.start()
        #expect(sampler.wait())
        #expect(agent.wait { $0.report(of: "a") == "2" && $0["capabilities"] == "EAA=" } != nil)
        let later = Sampler(name: "later", apmCapabilities: [])
        try house.manager.register(later)
        house.manager.start()
        #expect(later.wait())
        house.manager.stop(join: true)
        #expect(later.rates.all.withLock { $0 } == [0.5])
    }

    @Test("lets a handler start another product, which is told as well")
    func handlerStarts() throws {
        let agent = MemoryAgent(offered("a", #"{"tracing_sampling_rate":0.5}"#))
        final class Place: Sendable { let manager = Mutex<ProductManager?>(nil) }
        let place = Place()
        let second = Sampler(name: "second")
        let first = Sampler(name: "first") {
            let manager = place.manager.withLock { $0 }
            try? manager?.register(second)
            manager?.start()
        }
        let house = try House(agent, [])
        place.manager.withLock { $0 = house.manager }
        try house.manager.register(first)
        house.manager.start()
        #expect(second.wait())
        #expect(agent.wait { $0.report(of: "a") == "2" } != nil)
        house.manager.stop(join: true)
        #expect(second.rates.all.withLock { $0 } == [0.5] && first.rates.all.withLock { $0 } == [0.5])
        place.manager.withLock { $0 = nil }
    }
}
