// APMTracingTests: from changes to the products' handlers, and what is answered to them.

import GraftConfig
import GraftProducts
import Synchronization
import Testing

/// A file that says one thing for one target.
func file(_ config: JSONValue, service: String? = nil, env: String? = nil) -> JSONValue {
    [
        "service_target": ["service": JSONValue(service), "env": JSONValue(env)], "lib_config": config,
        "action": "enable",
    ]
}

@Suite("APM_TRACING")
struct APMTracingTests {
    /// What products were told: "a 0.5" and so on.
    let calls = Calls()

    /// A product that writes down the rate and the tags that it is told, and throws while `isBroken` says so.
    private struct Listener: Product {
        let name: String
        var requires: [String] = []
        let calls: Calls
        var isBroken: @Sendable () -> Bool = { false }

        func start() {}
        func restart(join: Bool) {}
        func stop(join: Bool) {}
        func atExit(join: Bool) {}
        func postPreload() {}
        func apmTracingRC(_ remote: LibraryConfig, _ settings: LibraryConfig) throws {
            let rate = settings.tracingSamplingRate.map { "\($0)" } ?? "-"
            let tags = (settings.tracingTags ?? []).map { "\($0.key)=\($0.value)" }.joined(separator: ",")
            calls.add("\(name) \(rate) \(tags)")
            if isBroken() { throw Broken(description: "no") }
        }
    }

    private let identity = APMIdentity(service: "Shop", env: "prod")

    private func tracing(_ products: [any Product], local: LibraryConfig = LibraryConfig()) throws -> APMTracing {
        let manager = try ProductManager(products)
        manager.start()
        return APMTracing(manager, identity: identity, local: local)
    }

    @Test("keeps what did not change when a later delivery brings something else, and when something else goes")
    func completeSet() throws {
        let tracing = try tracing([Listener(name: "a", calls: calls)])
        tracing.apply([APMTracingChange(path: "A", content: file(["tracing_sampling_rate": 0.25]))])
        tracing.apply([APMTracingChange(path: "B", content: file(["tracing_tags": ["k:v"]]))])
        tracing.apply([APMTracingChange(path: "A", content: nil)])
        tracing.apply([APMTracingChange(path: "B", content: nil)])
        #expect(calls.all == ["a 0.25 ", "a 0.25 k=v", "a - k=v", "a - "])
    }

    @Test("tells every product that can run, in the order of the start, and only when something has changed")
    func dispatch() throws {
        let tracing = try tracing([
            Listener(name: "b", requires: ["a"], calls: calls), Listener(name: "a", calls: calls),
        ])
        let change = APMTracingChange(path: "A", content: file(["tracing_sampling_rate": 0.5]))
        let first = tracing.apply([change])
        #expect(calls.take() == ["a 0.5 ", "b 0.5 "])
        let entry = ConfigurationEntry(name: "tracing_sampling_rate", value: .number(0.5), origin: .remote)
        #expect(first.changes == [entry])
        #expect(tracing.apply([change]).changes == [])
        #expect(calls.all == [])
    }

    @Test("restores the local value when the remote one goes, and says so")
    func removal() throws {
        var local = LibraryConfig()
        local.tracingSamplingRate = 0.1
        let tracing = try tracing([Listener(name: "a", calls: calls)], local: local)
        #expect(calls.all == [])
        tracing.apply([
            APMTracingChange(path: "A", content: file(["tracing_sampling_rate": 0.9, "data_streams_enabled": true]))
        ])
        let delivery = tracing.apply([APMTracingChange(path: "A", content: nil)])
        #expect(calls.all == ["a 0.9 ", "a 0.1 "])
        #expect(
            delivery.changes == [
                ConfigurationEntry(name: "tracing_sampling_rate", value: .number(0.1), origin: .environment),
                ConfigurationEntry(name: "data_streams_enabled", value: .null, origin: .byDefault),
            ])
        #expect(delivery.acknowledgements == [APMTracingAcknowledgement(path: "A", outcome: .removed)])
        #expect(tracing.settings == local)
    }

    @Test("acknowledges a file for another service or environment without using it")
    func mismatch() throws {
        let tracing = try tracing([Listener(name: "a", calls: calls)])
        let rate: JSONValue = ["tracing_sampling_rate": 0.5]
        let answers = tracing.apply([
            APMTracingChange(path: "A", content: file(rate, service: "other")),
            APMTracingChange(path: "B", content: file(rate, service: "shop", env: "staging")),
        ]).acknowledgements
        #expect(answers.map(\.outcome) == [.notForUs, .notForUs])
        #expect(answers.map(\.applyState) == [2, 2] && answers.allSatisfy { $0.applyError.isEmpty })
        #expect(calls.all == [])
    }

    @Test(
        "uses a file for this service and environment, whatever the case, and for all",
        arguments: [("shop", "PROD"), ("*", "prod"), ("SHOP", "*"), ("", ""), (nil, nil)] as [(String?, String?)])
    func matches(_ service: String?, _ env: String?) throws {
        let tracing = try tracing([])
        let change = APMTracingChange(
            path: "A", content: file(["tracing_sampling_rate": 1], service: service, env: env))
        #expect(tracing.apply([change]).acknowledgements.map(\.outcome) == [.applied])
        #expect(tracing.remote.tracingSamplingRate == 1)
    }

    @Test("leaves the judgement of an environment that it does not know to the agent, but not that of a service")
    func unknownIdentity() throws {
        let tracing = APMTracing(try ProductManager(), identity: APMIdentity())
        let answers = tracing.apply([
            APMTracingChange(path: "A", content: file([:], env: "prod")),
            APMTracingChange(path: "B", content: file([:], service: "shop")),
        ]).acknowledgements
        #expect(answers.map(\.outcome) == [.applied, .notForUs])
    }

    @Test("refuses a bad file alone, keeps its previous version and takes the rest")
    func refusal() throws {
        let tracing = try tracing([Listener(name: "a", calls: calls)])
        tracing.apply([APMTracingChange(path: "A", content: file(["tracing_sampling_rate": 0.25]))])
        let answers = tracing.apply([
            APMTracingChange(path: "A", content: file(["tracing_sampling_rate": "high"])),
            APMTracingChange(path: "B", content: file(["tracing_tags": ["k:v"]])),
        ]).acknowledgements
        #expect(answers.map(\.applyState) == [3, 2])
        #expect(answers[0].applyError == "lib_config.tracing_sampling_rate: a number is expected, not a string")
        #expect(calls.all == ["a 0.25 ", "a 0.25 k=v"])
    }

    @Test("refuses what is no object, of another product, or one file too many")
    func refusals() throws {
        let tracing = try tracing([])
        func outcome(_ change: APMTracingChange) -> Int? { tracing.apply([change]).acknowledgements[0].applyState }
        #expect(outcome(APMTracingChange(path: "A", content: .null)) == 3)
        #expect(outcome(APMTracingChange(path: "A", content: ["lib_config": []])) == 3)
        #expect(outcome(APMTracingChange(path: "A", content: ["service_target": ["service": 1]])) == 3)
        #expect(outcome(APMTracingChange(path: "A", product: "ASM", content: [:])) == 3)
        for index in 0..<APMTracingLimits.files {
            #expect(outcome(APMTracingChange(path: "\(index)", content: [:])) == 2)
        }
        #expect(outcome(APMTracingChange(path: "more", content: [:])) == 3)
        #expect(outcome(APMTracingChange(path: "0", content: ["lib_config": ["tracing_debug": true]])) == 2)
        _ = outcome(APMTracingChange(path: "0", content: nil))
        #expect(outcome(APMTracingChange(path: "more", content: [:])) == 2)
    }

    @Test("keeps a throwing handler to itself, answers with its error, and calls it again with the next change")
    func brokenHandler() throws {
        let isBroken = Mutex(true)
        let tracing = try tracing([
            Listener(name: "a", calls: calls) { isBroken.withLock { $0 } }, Listener(name: "b", calls: calls),
        ])
        let answers = tracing.apply([
            APMTracingChange(path: "A", content: file(["tracing_sampling_rate": 0.5])),
            APMTracingChange(path: "B", content: file([:], service: "other")),
        ]).acknowledgements
        #expect(calls.take() == ["a 0.5 ", "b 0.5 "])
        #expect(answers.map(\.outcome) == [.failed("a: no"), .notForUs])
        isBroken.withLock { $0 = false }
        #expect(tracing.apply([]).acknowledgements == [])
        #expect(calls.all == ["a 0.5 "])
    }

    @Test("tells a product that was registered late what holds, and no product that has failed or stopped")
    func lateProduct() throws {
        let manager = try ProductManager([Recorder(name: "bad", breaks: ["start"], calls: calls)])
        manager.start()
        let tracing = APMTracing(manager, identity: identity)
        tracing.apply([APMTracingChange(path: "A", content: file(["tracing_sampling_rate": 0.5]))])
        try manager.register(Listener(name: "late", calls: calls))
        manager.start()
        _ = calls.take()
        tracing.tellProducts()
        tracing.tellProducts()
        #expect(calls.take() == ["late 0.5 "])
        manager.stop()
        tracing.apply([APMTracingChange(path: "A", content: nil)])
        #expect(calls.all == [])
    }

    @Test("refuses a delivery from inside a handler instead of waiting for itself")
    func reentrancy() throws {
        let manager = try ProductManager()
        let tracing = APMTracing(manager, identity: identity)
        let answers = Mutex<[Int?]>([])
        let product = Recorder(name: "a", calls: calls) { method in
            guard method == "rc" else { return }
            tracing.tellProducts()
            let inner = tracing.apply([APMTracingChange(path: "B", content: file([:]))])
            answers.withLock { $0 += inner.acknowledgements.map(\.applyState) }
        }
        try manager.register(product)
        manager.start()
        tracing.apply([APMTracingChange(path: "A", content: file(["tracing_sampling_rate": 0.5]))])
        #expect(answers.withLock { $0 } == [3])
        #expect(calls.names("rc") == ["a"])
    }

    @Test("switches tracing off for good, and never on against the local setting")
    func tracingEnabled() throws {
        let tracing = try tracing([])
        tracing.apply([APMTracingChange(path: "A", content: file(["tracing_enabled": false]))])
        tracing.apply([APMTracingChange(path: "A", content: file(["tracing_enabled": true]))])
        #expect(tracing.settings.tracingEnabled == false && tracing.remote.tracingEnabled == true)
        tracing.apply([APMTracingChange(path: "A", content: nil)])
        #expect(tracing.settings.tracingEnabled == false && tracing.remote.tracingEnabled == nil)
    }

    @Test("starts no product that the local settings switch off, and overrides other local settings")
    func localFalse() throws {
        var local = LibraryConfig()
        (local.tracingEnabled, local.liveDebuggingEnabled, local.logInjectionEnabled) = (false, false, false)
        let tracing = try tracing([], local: local)
        let all: JSONValue = [
            "tracing_enabled": true, "live_debugging_enabled": true, "log_injection_enabled": true,
            "code_origin_enabled": true,
        ]
        tracing.apply([APMTracingChange(path: "A", content: file(all))])
        let settings = tracing.settings
        #expect(settings.tracingEnabled == false && settings.liveDebuggingEnabled == false)
        #expect(settings.logInjectionEnabled == true && settings.codeOriginEnabled == true)
    }
}
