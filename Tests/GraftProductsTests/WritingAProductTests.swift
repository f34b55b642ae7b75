// WritingAProductTests: the article's product compiles, and does what the article says.

import Foundation
import GraftConfig
import GraftProducts
import GraftRemoteConfig
import GraftTestKit
import Synchronization
import Testing

// article: begin
/// Counts the processes that it has been started in.
struct Heartbeat: Product {
    let name = "heartbeat"
    let requires = ["telemetry"]
    let apmCapabilities: APMCapabilities = [.sampleRate]
    let beats = Beats()

    func start() throws { beats.begin() }
    func restart(join: Bool) throws { beats.begin() }
    func stop(join: Bool) { beats.end() }
    func atExit(join: Bool) { beats.end() }
    func postPreload() {}
    func apmTracingRC(_ remote: LibraryConfig, _ settings: LibraryConfig) {
        beats.rate.withLock { $0 = settings.tracingSamplingRate ?? 1 }
    }

    /// What changes: a product is a value that refers to it.
    final class Beats: Sendable {
        let isOn = Mutex(false)
        let rate = Mutex(1.0)
        func begin() { isOn.withLock { $0 = true } }
        func end() { isOn.withLock { $0 = false } }
    }
}
// article: end

// article: begin
/// What goods cost, as Remote Configuration says.
struct Prices: Product {
    let name = "prices"
    let requires = [RemoteConfigProduct.name]
    let remote: RemoteConfigProduct
    let list = List()

    func start() {
        remote.registerCallback(list, for: "PRICES")
        remote.enableProduct("PRICES")
    }
    func restart(join: Bool) {}
    func stop(join: Bool) {
        remote.disableProduct("PRICES")
        remote.unregisterCallback("PRICES")
    }
    func atExit(join: Bool) { stop(join: join) }
    func postPreload() {}

    /// Called on the thread that polls; an error that it throws is reported for the configurations that it was given.
    final class List: RCCallback {
        let percent = Atomic(100)
        func callAsFunction(payloads: [Payload]) throws {
            for payload in payloads {
                guard let root = payload.content?.root else { percent.store(100, ordering: .relaxed); continue }
                guard let value = root["percent"]?.integer else { throw root.error("there is no percent") }
                percent.store(Int(value), ordering: .relaxed)
            }
        }
    }
}
// article: end

/// The article's program; only its way to the agent is not HTTP.
private func program(_ agent: MemoryAgent) throws -> (manager: ProductManager, prices: Prices) {
    let remote = try agent.product()
    let prices = Prices(remote: remote)
    let telemetry = Recorder(name: "telemetry", calls: Calls())
    let manager = try ProductManager([remote, prices, Heartbeat(), telemetry]) { line in print(line) }
    try manager.register(APMTracingProduct(manager, over: remote, identity: APMIdentity(service: "shop", env: "prod")))
    manager.start()
    return (manager, prices)
}

@Suite("The article on writing a product")
struct WritingAProductTests {
    @Test("shows a product that runs, takes a remote setting and stops")
    func product() throws {
        let heartbeat = Heartbeat()
        let manager = try ProductManager([heartbeat, Recorder(name: "telemetry", calls: Calls())])
        manager.start()
        #expect(heartbeat.beats.isOn.withLock { $0 })
        APMTracing(manager, identity: APMIdentity()).apply([
            APMTracingChange(path: "p", content: file(["tracing_sampling_rate": 0.5]))
        ])
        #expect(heartbeat.beats.rate.withLock { $0 } == 0.5)
        manager.stop(join: true)
        #expect(!heartbeat.beats.isOn.withLock { $0 })
    }

    @Test("shows a callback that takes a price, refuses a bad one, and forgets what is withdrawn")
    func callback() throws {
        func offered(_ text: String) -> OfferedFile { OfferedFile("datadog/2/PRICES/summer/config", text) }
        let agent = MemoryAgent(offered(#"{"percent":80}"#))
        let (manager, prices) = try program(agent)
        let client = try #require(agent.wait { $0.report(of: "summer") == "2" })
        #expect(client.products == ["PRICES", "APM_TRACING"])
        #expect(prices.list.percent.load(ordering: .relaxed) == 80)
        agent.change(2, offered("{}"))
        #expect(agent.wait { $0.report(of: "summer")?.hasPrefix("3: ") == true } != nil)
        agent.change(3)
        #expect(agent.wait { $0["state"]?["targets_version"] == 3 } != nil)
        manager.stop(join: true)
        #expect(prices.list.percent.load(ordering: .relaxed) == 100)
    }

    @Test("contains the very code that is compiled here")
    func text() throws {
        let parts = try String(contentsOfFile: #filePath, encoding: .utf8)
            .components(separatedBy: "// article: begin\n").dropFirst().prefix(2)
            .map { $0.components(separatedBy: "// article: end")[0] }
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let article = root.appendingPathComponent("Sources/GraftProducts/GraftProducts.docc/WritingAProduct.md")
        let text = try String(contentsOf: article, encoding: .utf8)
        for code in parts { #expect(text.contains(code)) }
        #expect(parts.count == 2 && !text.contains("article:"))
    }
}
