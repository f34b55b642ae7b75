// TestAgentTests: a client against the agent that Datadog tests its own clients with, over a real socket.

import Foundation
import GraftConfig
import GraftProducts
import GraftRemoteConfig
import Testing

@testable import GraftTelemetry

@Suite(.enabled(if: TestAgent.isThere, Comment(rawValue: TestAgent.absence)))
struct TestAgentTests {
    /// A client's life, sent for real; every request that it made.
    private func live(_ bench: inout Bench, over transport: AgentTransport) throws -> [Sent] {
        var sent: [Sent] = []
        func send(_ bench: inout Bench) throws {
            while let request = try bench.ask() {
                sent.append(request)
                bench.answer(request, transport.send(request.request.httpRequest))
            }
        }
        try send(&bench)
        for facts in [
            TelemetryFacts(
                dependencies: [.known("libpq5", "GHSA-1"), .known("zlib1g", "GHSA-2", "GHSA-3")],
                products: [TelemetryProduct(name: "sca", isEnabled: true, version: "0.4.0")],
                configuration: [ConfigurationEntry(name: "RATE", value: 0.5, origin: .remote)],
                metrics: [TelemetryMetric("sca.detections", .count(total: 2), tags: ["target:libz.so:inflate"])]),
            .packages(.reached("libpq5", "GHSA-1")),
        ] {
            bench.state.take(facts)
            bench.state.take(TelemetryLog(.error, "\"hostile\"\n\\ \u{1} é"))
            try bench.beat()
            try send(&bench)
        }
        bench.now = .seconds(200)
        try send(&bench)
        bench.state.close()
        try send(&bench)
        return sent
    }

    @Test func theAgentTakesEveryRequestAndReadsWhatItSays() throws {
        let agent = try TestAgent()
        let runtime = "graft-\(UUID().uuidString.lowercased())"
        var bench = Bench(
            ["DD_TELEMETRY_EXTENDED_HEARTBEAT_INTERVAL": "150"], session: TelemetrySession(runtimeID: runtime))
        let sent = try live(&bench, over: AgentTransport(address: agent.address))
        #expect(bench.state.status.phase == "closed")
        #expect(bench.state.status.failed == 0)
        #expect(sent.last?.types == ["app-closing"])

        let decoded = try #require(agent.get("/test/session/apmtelemetry").array)
            .filter { $0["runtime_id"]?.string == runtime }
            .sorted { $0["seq_id"]?.integer ?? 0 < $1["seq_id"]?.integer ?? 0 }
        #expect(decoded.map { $0["seq_id"]?.integer } == (1...Int64(sent.count)).map { $0 })
        let types = decoded.map { event in
            event["request_type"] == "message-batch"
                ? (event["payload"]?.array ?? []).compactMap { $0["request_type"]?.string }
                : [event["request_type"]?.string ?? ""]
        }
        #expect(types == sent.map(\.types))
        #expect(types.joined().contains("app-extended-heartbeat"))
        // Python reads what was written, name by name. The order of members is its own.
        let metadata = decoded[2]["payload"]?[0]?["payload"]?["dependencies"]?[0]?["metadata"]?[0]
        #expect(
            metadata?["value"]
                == #"{"id":"GHSA-1","reached":[{"path":"main.c","symbol":"main","line":7}]}"#)
        #expect(decoded[1]["host"]?["hostname"] == "vm")
    }

    @Test func theFieldsAndBytesArriveAsTheyWereMade() throws {
        let agent = try TestAgent()
        let parent = TelemetrySession(runtimeID: "graft-\(UUID().uuidString.lowercased())")
        let child = TelemetrySession(runtimeID: "graft-\(UUID().uuidString.lowercased())", forkedFrom: parent)
        var bench = Bench(["DD_TELEMETRY_DEBUG": "1"], session: child)
        let sent = try live(&bench, over: AgentTransport(address: agent.address))
        let arrived = try #require(agent.get("/test/session/requests").array)
            .filter { $0["headers"]?["DD-Session-ID"]?.string == child.runtimeID }
        #expect(arrived.count == sent.count)
        for (request, sent) in zip(arrived, sent) {
            #expect(request["method"] == "POST")
            #expect(request["url"]?.string?.hasSuffix("/telemetry/proxy/api/v2/apmtelemetry") == true)
            for header in sent.request.httpRequest.headers {
                #expect(request["headers"]?[header.name]?.string == header.value)
            }
            #expect(request["headers"]?["Content-Type"] == "application/json")
            let body = Data(base64Encoded: request["body"]?.string ?? "")
            #expect(body.map(Array.init) == sent.request.httpRequest.body)
        }
        #expect(sent.first?.types.contains("app-started") == false)
        #expect(sent.first?.header("DD-Root-Session-ID") == parent.runtimeID)
    }
}
