// RequestTests: what a request says, field by field, beside requests that were observed on the wire.

import GraftConfig
import GraftRemoteConfig
import GraftTestKit
import Testing

@Suite("A request")
struct RequestTests {
    /// What ddtrace 4.6.8 sent after one configuration was applied.
    static let observed = """
        {"client":{"id":"bb2800fb-bc56-4095-a548-f6ce761d9ad5",
         "products":["APM_TRACING","AGENT_CONFIG","AGENT_TASK","ASM_DATA","LIVE_DEBUGGING_SYMBOL_DB","ASM_FEATURES"],
         "is_tracer":true,
         "client_tracer":{"runtime_id":"d7b405904c8e467aa6b75007d38701ad","language":"python","tracer_version":"4.6.8",
           "service":"rcprobe","extra_services":[],"env":"ci","app_version":"1.2.3",
           "tags":["team:x","env:ci","version:1.2.3","tracer_version:4.6.8","host_name:vm"]},
         "state":{"root_version":1,"targets_version":0,
           "config_states":[{"id":"asm_features_activation","version":0,"product":"ASM_FEATURES","apply_state":2}],
           "has_error":false,"backend_client_state":""},
         "capabilities":"IcCgCPAC"},
         "cached_target_files":[{"path":"datadog/2/ASM_FEATURES/asm_features_activation/config","length":27,
           "hashes":[{"algorithm":"sha256","hash":"1559a38c17a7a594f0ba946b9ddb2635d4ff936aedab357d9d5ce72abaa3c7db"}]}]}
        """

    /// A client like the one that was observed.
    private func twin() -> RemoteConfigState {
        var tracer = ClientTracer(
            runtimeID: "d7b405904c8e467aa6b75007d38701ad", language: "python", tracerVersion: "4.6.8",
            service: "rcprobe", environment: "ci", appVersion: "1.2.3")
        tracer.tags = ["team:x", "env:ci", "version:1.2.3", "tracer_version:4.6.8", "host_name:vm"]
        var state = RemoteConfigState(
            clientID: "bb2800fb-bc56-4095-a548-f6ce761d9ad5", tracer: tracer, asksInfo: false)
        for product in [
            "APM_TRACING", "AGENT_CONFIG", "AGENT_TASK", "ASM_DATA", "LIVE_DEBUGGING_SYMBOL_DB", "ASM_FEATURES",
        ] {
            state.enable(product)
        }
        state.capabilities = Capabilities(rawValue: 0x21C0_A008_F002)
        return state
    }

    /// The configuration that was applied, as the test agent of the observation sent it: every version is 0.
    private func offer() -> Offer {
        var offer = Offer(
            0, [OfferedFile(features("asm_features_activation"), #"{"asm": {"enabled": false}}"#, version: 0)])
        offer.custom["opaque_backend_state"] = ""
        return offer
    }

    @Test("is, to the last field, the one that was observed")
    func groundTruth() throws {
        var state = twin()
        state.take(offer())
        state.acknowledgeAll()
        let expected = try JSONDocument.parse(Self.observed).root.value
        let ours = try JSONDocument.parse(state.request.bytes).root.value
        #expect(JSONWriter.text(ours, keyOrder: .sorted) == JSONWriter.text(expected, keyOrder: .sorted))
    }

    @Test("agrees with the second observation where that differs in form only")
    func secondGroundTruth() throws {
        var state = twin()
        state.capabilities = Capabilities(rawValue: 0x0001_21C0_A008_F002)
        state.tracer.processTags = ["entrypoint.basedir:rc", "svc.user:true"]
        var offer = offer()
        offer.version = 10
        offer.custom["opaque_backend_state"] = "abc"
        state.take(offer)
        let client = try #require(try JSONDocument.parse(state.request.bytes).root["client"])
        #expect(client["state"]?["targets_version"]?.integer == 10)
        #expect(client["state"]?["root_version"]?.integer == 1)
        #expect(client["state"]?["has_error"]?.bool == false)
        // Arrays of numbers there, text here: the bytes are the same.
        #expect(client["state"]?["backend_client_state"]?.string.map { Array($0.utf8) } == [97, 98, 99])
        #expect(client["capabilities"]?.string.flatMap(Base64.bytes) == [1, 33, 192, 160, 8, 240, 2])
        #expect(
            client["client_tracer"]?["process_tags"]?.elements?.map(\.string) == [
                "entrypoint.basedir:rc", "svc.user:true",
            ])
        #expect(client["client_agent"] == nil)
        #expect(client["is_agent"]?.bool != true)
    }

    @Test("that is the first knows nothing, and still says so")
    func first() throws {
        let request = RemoteConfigState.asking().request
        let root = try JSONDocument.parse(request.bytes).root
        let state = try #require(root["client"]?["state"])
        #expect(state["targets_version"]?.integer == 0)
        #expect(state["root_version"]?.integer == 1)
        #expect(state["config_states"]?.elements.map(Array.init)?.isEmpty == true)
        #expect(state["backend_client_state"] == nil)
        #expect(state["error"] == nil)
        #expect(root["cached_target_files"]?.elements.map(Array.init)?.isEmpty == true)
        #expect(root["client"]?["capabilities"]?.string == "")
        #expect(root["client"]?["id"]?.string != root["client"]?["client_tracer"]?["runtime_id"]?.string)
    }

    @Test("has an extra service from the moment that it is known")
    func extraServices() {
        var state = RemoteConfigState.asking()
        state.tracer.extraServices.append("billing")
        for _ in 0..<3 {
            #expect(state.request.tracer.extraServices == ["billing"])
            _ = state.take(.ok("{}"))
        }
    }

    @Test("goes where the agent listens")
    func http() {
        var state = RemoteConfigState.asking()
        let request = state.nextExchange().httpRequest
        #expect(request.method == "POST")
        #expect(request.path == "/v0.7/config")
        #expect(AgentExchange.info.httpRequest == HTTPRequest(method: "GET", path: "/info", body: []))
    }
}
