// RemoteConfigProductTests: Remote Configuration as a product, over an agent in memory.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import GraftTestKit
import Synchronization
import Testing

/// A file of the product `P`.
private func offered(_ id: String, _ text: String = "{}", product: String = "P") -> OfferedFile {
    OfferedFile("datadog/2/\(product)/\(id)/config", text)
}

/// A product that does something at its start.
private struct Starter: Product {
    let name: String
    let requires = [RemoteConfigProduct.name]
    let action: @Sendable () -> Void
    func start() { action() }
    func restart(join: Bool) {}
    func stop(join: Bool) {}
    func atExit(join: Bool) {}
    func postPreload() {}
}

@Suite("Remote Configuration as a product")
struct RemoteConfigProductTests {
    @Test("asks in its first request for what every product wants that was started with it")
    func firstRequest() throws {
        let agent = MemoryAgent(offered("a"))
        let remote = try agent.product()
        let inbox = Inbox()
        remote.enableProduct("EARLY")
        let manager = try ProductManager([
            Starter(name: "two") {
                remote.registerCallback(inbox, for: "P", capabilities: [.apmTracingSampleRate])
                remote.enableProduct("P")
            },
            remote,
        ])
        manager.start()
        #expect(inbox.wait())
        let first = try #require(agent.asked.first)
        #expect(first.products == ["EARLY", "P"])
        #expect(first["capabilities"] == "EAA=")
        #expect(inbox.deliveries == [["+a"]])
        // The second request is made when the first round is over.
        #expect(agent.wait { $0.report(of: "a") == "2" } != nil)
        #expect(remote.payloads(for: "P").map(\.path.id) == ["a"] && remote.hasAnswer)
        let runtime = try #require(remote.runtimeID)
        #expect(first["client_tracer"]?["runtime_id"] == .string(runtime))
        #expect(first["id"] != .string(runtime))
        manager.stop(join: true)
        #expect(remote.runtimeID == nil && remote.state == nil && !remote.hasAnswer)
        #expect(remote.payloads(for: "P").isEmpty)
    }

    @Test("keeps what is wanted for the next client, which is another one and delivers everything anew")
    func restart() throws {
        let agent = MemoryAgent(offered("a"))
        let remote = try agent.product()
        let (inbox, gone, second) = (Inbox(), Inbox(), Inbox())
        remote.registerCallback(gone, for: "GONE", capabilities: [.apmTracingEnabled])
        remote.registerCallback(inbox, for: "P")
        for product in ["P", "GONE", "P"] { remote.enableProduct(product) }
        remote.updateTracer { $0.extraServices = ["till"] }
        try remote.start()
        remote.postPreload()
        #expect(inbox.wait())
        let before = try #require(agent.asked.first)
        #expect(before["client_tracer"]?["extra_services"] == ["till"])
        remote.unregisterCallback("GONE")
        remote.disableProduct("GONE")
        remote.updateCapabilities(mask: [.apmTracingEnabled, .apmTracingCustomTags], set: [.apmTracingCustomTags])
        #expect(remote.updateProductCallback(second, for: "P"))
        #expect(!remote.updateProductCallback(second, for: "GONE"))
        #expect(second.wait())
        try remote.restart(join: true)
        remote.postPreload()
        #expect(second.wait())
        #expect(second.deliveries == [["+a"], ["+a"]] && inbox.deliveries == [["+a"]])
        let after = try #require(agent.wait { $0["id"] != before["id"] })
        #expect(after["client_tracer"]?["runtime_id"] != before["client_tracer"]?["runtime_id"])
        #expect(after.products == ["P"] && after["capabilities"] == "gAA=")
        #expect(after["client_tracer"]?["extra_services"] == ["till"])
        remote.stop(join: true)
        #expect(gone.deliveries.isEmpty)
    }

    @Test("can be changed from inside its own callbacks")
    func reentrancy() throws {
        let agent = MemoryAgent(offered("a"), offered("b", product: "Q"), offered("c", product: "R"))
        let remote = try agent.product()
        let late = Inbox()
        let unused = Inbox()
        remote.registerCallback(unused, for: "R")
        let first = Inbox {
            remote.registerCallback(late, for: "Q", capabilities: [.apmTracingSampleRate])
            remote.enableProduct("Q")
            remote.unregisterCallback("R")
            remote.disableProduct("R")
            remote.updateTracer { tracer in
                // From inside of a change, too.
                remote.enableProduct("S")
                tracer.extraServices = ["more"]
            }
            remote.unregisterCallback("P")
        }
        remote.registerCallback(first, for: "P")
        for product in ["P", "R"] { remote.enableProduct(product) }
        try remote.start()
        remote.postPreload()
        #expect(late.wait())
        let client = try #require(agent.wait { $0.products.contains("Q") })
        #expect(client.products == ["P", "Q", "S"])
        #expect(client["client_tracer"]?["extra_services"] == ["more"])
        remote.stop(join: true)
        #expect(first.deliveries == [["+a"]] && late.deliveries == [["+b"]])
    }

    @Test("can be stopped from inside its own callbacks, with joining, and start products there")
    func stopInside() throws {
        let agent = MemoryAgent(offered("a"))
        let remote = try agent.product()
        let manager = try ProductManager([remote])
        let calls = Calls()
        let inbox = Inbox {
            try manager.register(Recorder(name: "late", calls: calls))
            manager.start()
            manager.stop(join: true)
        }
        remote.registerCallback(inbox, for: "P")
        remote.enableProduct("P")
        manager.start()
        #expect(inbox.wait())
        manager.stop(join: true)
        #expect(calls.all == ["start late", "stop late join"])
        #expect(manager.state("remote-configuration") == .stopped)
    }

    @Test("is joined by a stop while its callback asks the manager for a start and a stop")
    func stopAgainst() throws {
        let agent = MemoryAgent(offered("a"))
        let remote = try agent.product()
        let manager = try ProductManager([remote])
        let (isInside, mayGoOn) = (WaitSemaphore(), WaitSemaphore())
        let inbox = Inbox {
            isInside.signal()
            _ = mayGoOn.wait(until: MonotonicTime.now(plus: .seconds(10)))
            manager.start()
            manager.postPreload()
            manager.stop(join: true)
        }
        // Goes on when the stop has begun: it is told of products in the reverse order of their start.
        try manager.register(Recorder(name: "z", calls: Calls()) { if $0 == "stop" { mayGoOn.signal() } })
        remote.registerCallback(inbox, for: "P")
        remote.enableProduct("P")
        manager.start()
        #expect(isInside.wait(until: MonotonicTime.now(plus: .seconds(10))))
        manager.stop(join: true)
        #expect(inbox.deliveries == [["+a"]] && manager.state("remote-configuration") == .stopped)
    }

    @Test("does nothing when it is not to ask, and lets those start that require it")
    func disabled() throws {
        var settings = RemoteConfigSettings(
            address: try AgentAddress(url: "http://localhost:1"), service: "s", tracerVersion: "1.0.0")
        settings.isEnabled = false
        let remote = RemoteConfigProduct(settings)
        let started = Mutex(false)
        let manager = try ProductManager([remote, Starter(name: "x") { started.withLock { $0 = true } }])
        manager.start()
        remote.registerCallback(Inbox(), for: "P")
        remote.pollSoon()
        #expect(started.withLock { $0 } && remote.state == nil && manager.isRunning("remote-configuration"))
        manager.stop(join: true)
    }

    @Test("ends at once when it is told before its first poll, and polls by itself after a second at the latest")
    func firstPoll() throws {
        let agent = MemoryAgent()
        let remote = try agent.product()
        try remote.start()
        remote.stop(join: true)
        #expect(agent.asked.isEmpty)
        try remote.start()
        #expect(agent.wait { _ in true } != nil)
        remote.atExit(join: true)
    }

    @Test("lets go of a callback where it may call back")
    func lastBreath() throws {
        /// Says at its end that it is not needed any more, which needs the lock.
        final class Testament: RCCallback {
            let remote: RemoteConfigProduct
            init(_ remote: RemoteConfigProduct) { self.remote = remote }
            deinit { remote.enableProduct("LAST") }
            func callAsFunction(payloads: [Payload]) {}
        }
        let agent = MemoryAgent()
        let remote = try agent.product()
        remote.registerCallback(Testament(remote), for: "P")
        remote.registerCallback(Inbox(), for: "P")
        try remote.start()
        #expect(try #require(agent.wait { _ in true }).products == ["LAST"])
        remote.stop(join: true)
    }
}
