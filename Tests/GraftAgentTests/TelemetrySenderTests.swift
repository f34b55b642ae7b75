// TelemetrySenderTests.swift: telemetry on its way, over answers that are ready.

import GraftConfig
import GraftRemoteConfig
import GraftTelemetry
import GraftTestKit
import Testing

@testable import GraftAgent

@Suite struct TelemetrySenderTests {
    private func sender(_ environment: [String: String] = [:], child: Bool = false) -> TelemetrySender {
        let parent = TelemetrySession(runtimeID: "parent")
        return TelemetrySender(
            settings: TelemetrySettings(environment: environment),
            session: child ? TelemetrySession(runtimeID: "child", forkedFrom: parent) : parent,
            tracer: ClientTracer(runtimeID: "parent", tracerVersion: "0.1.0", service: "shop"), log: AgentLog(nil))
    }

    /// What was sent: the types of the events, batches dissolved.
    private func events(_ transport: ScriptedTransport) throws -> [String] {
        try transport.sent.flatMap { request -> [String] in
            let root = try JSONDocument.parse(request.body).root
            guard let parts = root["payload"]?.elements else { return [root["request_type"]?.string ?? "?"] }
            return parts.map { $0["request_type"]?.string ?? "?" }
        }
    }

    private let accepting = ScriptedTransport((0..<10).map { _ in .response(status: 202, body: []) })

    @Test func `the start is sent at once, with what was known, and then there is rest`() throws {
        let sender = sender()
        sender.post(TelemetryFacts(products: [TelemetryProduct(name: "sca", isEnabled: true, version: "0.1.0")]))
        let pause = try #require(sender.sendDue(over: accepting))
        #expect(try events(accepting).first == "app-started")
        #expect(pause > .zero && pause <= TelemetrySender.longestRest)
        #expect(String(decoding: accepting.sent[0].body, as: UTF8.self).contains(#""sca""#))
    }

    @Test func `a Datadog agent that accepts nothing is tried again later, not at once`() throws {
        let sender = sender()
        let refusing = ScriptedTransport((0..<10).map { _ in .response(status: 503, body: []) })
        let pause = try #require(sender.sendDue(over: refusing))
        #expect(refusing.sent.count == 1 && pause > .zero)
        #expect(sender.status.failed == 1 && sender.status.phase == "starting")
    }

    @Test func `the end is said last, once`() throws {
        let sender = sender()
        _ = sender.sendDue(over: accepting)
        sender.close(over: accepting)
        #expect(try events(accepting).last == "app-closing")
        let count = accepting.sent.count
        sender.close(over: accepting)
        #expect(sender.sendDue(over: accepting) == nil && accepting.sent.count == count)
    }

    @Test func `a forked child says neither start nor end`() throws {
        let sender = sender(child: true)
        _ = sender.sendDue(over: accepting)
        sender.close(over: accepting)
        let events = try events(accepting)
        #expect(!events.contains("app-started") && !events.contains("app-closing"))
    }
}
