// WritingAProductTests: the article's product compiles, and does what the article says.

import Foundation
import GraftConfig
import GraftProducts
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

    @Test("contains the very code that is compiled here")
    func text() throws {
        let code = try String(contentsOfFile: #filePath, encoding: .utf8)
            .components(separatedBy: "// article: begin\n")[1].components(separatedBy: "// article: end")[0]
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let article = root.appendingPathComponent("Sources/GraftProducts/GraftProducts.docc/WritingAProduct.md")
        #expect(try String(contentsOf: article, encoding: .utf8).contains(code))
    }
}
