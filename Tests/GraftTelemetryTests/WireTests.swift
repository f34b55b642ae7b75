// WireTests: each event's exact bytes. The forms are those of ddtrace 4.16.0 against a test agent, read off the wire.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import Testing

@testable import GraftTelemetry

/// What is the same in every body of the bench's client.
private func body(_ sequence: Int, _ rest: String) -> String {
    #"{"api_version":"v2","tracer_time":1795281044,"runtime_id":"r1","seq_id":\#(sequence),"#
        + #""application":{"service_name":"shop","service_version":"1.2.3","env":"ci","language_name":"swift","#
        + #""language_version":"6.3","tracer_version":"0.4.0"},"#
        + #""host":{"hostname":"vm","os":"Linux","os_version":"Debian GNU/Linux 12 (bookworm)","architecture":"x86_64","#
        + #""kernel_name":"Linux","kernel_release":"6.18.44","kernel_version":"1 SMP"},\#(rest)}"#
}

/// The text of a request.
private func text(_ sent: Sent) -> String { String(decoding: sent.request.httpRequest.body, as: UTF8.self) }

/// A client with one setting only.
private func bench() -> Bench {
    var bench = Bench()
    bench.state.configuration = ConfigurationBook(limits: TelemetryLimits())
    return bench
}

@Suite struct WireTests {
    @Test func theStartTellsSettingsAndProducts() throws {
        var bench = bench()
        bench.state.take(
            TelemetryFacts(
                products: [
                    TelemetryProduct(name: "sca", isEnabled: true, version: "0.4.0"),
                    TelemetryProduct(
                        name: "remote-configuration", isEnabled: false, version: "0.4.0", error: "no agent"),
                ],
                configuration: [
                    ConfigurationEntry(name: "DD_APPSEC_SCA_ENABLED", value: true, origin: .environment),
                    ConfigurationEntry(name: "DD_SERVICE", value: nil, origin: .byDefault),
                ]))
        #expect(
            text(try bench.exchange())
                == body(
                    1,
                    #""request_type":"app-started","payload":{"configuration":["#
                        + #"{"name":"DD_APPSEC_SCA_ENABLED","value":"true","origin":"env_var","config_id":null,"seq_id":1},"#
                        + #"{"name":"DD_SERVICE","value":null,"origin":"default","config_id":null,"seq_id":2}],"#
                        + #""dependencies":[],"integrations":[],"products":{"#
                        + #""sca":{"enabled":true,"version":"0.4.0","error":null},"remote_configuration":"#
                        + #"{"enabled":false,"version":"0.4.0","error":{"code":1,"message":"no agent"}}}}"#))
    }

    @Test func aHeartbeatHasNoPayloadAndNoBatch() throws {
        var bench = bench()
        try bench.start()
        #expect(text(try bench.exchange()) == body(2, #""request_type":"app-heartbeat""#))
    }

    @Test func reachabilityIsJSONInAString() throws {
        var bench = bench()
        try bench.start()
        bench.state.take(.packages(.known("libpq5", "GHSA-1"), .reached("zlib1g", "GHSA-2")))
        #expect(
            text(try bench.exchange())
                == body(
                    2,
                    #""request_type":"message-batch","payload":[{"request_type":"app-dependencies-loaded","payload":"#
                        + #"{"dependencies":[{"name":"libpq5","version":"1.0","hash":null,"metadata":["#
                        + #"{"type":"reachability","value":"{\"id\":\"GHSA-1\",\"reached\":[]}"}]},"#
                        + #"{"name":"zlib1g","version":"1.0","hash":null,"metadata":["#
                        + #"{"type":"reachability","value":"{\"id\":\"GHSA-2\",\"reached\":[{\"path\":\"main.c\","#
                        + #"\"symbol\":\"main\",\"line\":7}]}"}]}]}},{"request_type":"app-heartbeat"}]"#))
    }

    @Test func aPackageOfWhichNobodyLooksForAdvisoriesHasNoMetadata() throws {
        var bench = bench()
        try bench.start()
        bench.state.take(
            .packages(
                TelemetryDependency(name: "a", version: "1", advisories: nil),
                TelemetryDependency(name: "b", version: "1", advisories: [])))
        #expect(
            text(try bench.exchange()).contains(
                #"[{"name":"a","version":"1","hash":null},{"name":"b","version":"1","hash":null,"metadata":[]}]"#))
    }

    @Test func changesOfProductsAndSettingsAreEventsOfTheirOwn() throws {
        var bench = bench()
        try bench.start()
        bench.state.take(
            TelemetryFacts(
                products: [TelemetryProduct(name: "sca", isEnabled: false, version: "0.4.0")],
                configuration: [ConfigurationEntry(name: "RATE", value: 0.5, origin: .remote)]))
        #expect(
            text(try bench.exchange())
                == body(
                    2,
                    #""request_type":"message-batch","payload":[{"request_type":"app-product-change","payload":"#
                        + #"{"products":{"sca":{"enabled":false,"version":"0.4.0","error":null}}}},"#
                        + #"{"request_type":"app-client-configuration-change","payload":{"configuration":["#
                        + #"{"name":"RATE","value":"0.5","origin":"remote_config","config_id":null,"seq_id":1}]}},"#
                        + #"{"request_type":"app-heartbeat"}]"#))
    }

    @Test func metricsAreSeriesOfOnePoint() throws {
        var bench = bench()
        try bench.start()
        bench.state.take(
            TelemetryFacts(metrics: [
                TelemetryMetric("sca.detections", .count(total: 5), tags: ["target:libz.so:inflate"]),
                TelemetryMetric("sca.targets_total", .gauge(8)),
            ]))
        #expect(
            text(try bench.exchange())
                == body(
                    2,
                    #""request_type":"message-batch","payload":[{"request_type":"generate-metrics","payload":{"series":["#
                        + #"{"namespace":"appsec","metric":"sca.detections","points":[[1795281044,5]],"#
                        + #""tags":["target:libz.so:inflate"],"common":true,"type":"count","interval":60},"#
                        + #"{"namespace":"appsec","metric":"sca.targets_total","points":[[1795281044,8.0]],"#
                        + #""tags":[],"common":true,"type":"gauge","interval":60}]}},{"request_type":"app-heartbeat"}]"#
                ))
    }

    @Test func equalMessagesAreOneWithACount() throws {
        var bench = bench()
        try bench.start()
        for _ in 0..<2 { bench.state.take(TelemetryLog(.error, "hello", tags: ["a:b", "c:d"])) }
        bench.state.take(TelemetryLog(.warning, "hello", stack: "st"))
        #expect(
            text(try bench.exchange()).contains(
                #"{"request_type":"logs","payload":{"logs":[{"message":"hello","level":"ERROR","count":2,"#
                    + #""stack_trace":null,"tags":"a:b,c:d","is_sensitive":false,"is_crash":false},"#
                    + #"{"message":"hello","level":"WARN","count":1,"stack_trace":"st","tags":"","#
                    + #""is_sensitive":false,"is_crash":false}]}}"#))
    }

    @Test func theEndIsTheLastEvent() throws {
        var bench = bench()
        try bench.start()
        bench.state.close()
        #expect(text(try bench.exchange()) == body(2, #""request_type":"app-closing""#))
        #expect(try bench.ask() == nil)
        #expect(bench.state.due == nil)
    }

    @Test func theFieldsSayWhatIsInTheBody() throws {
        var bench = Bench(["DD_TELEMETRY_DEBUG": "1"])
        let sent = try bench.exchange()
        #expect(sent.request.httpRequest.method == "POST")
        #expect(sent.request.httpRequest.path == "/telemetry/proxy/api/v2/apmtelemetry")
        #expect(sent.header("DD-Telemetry-API-Version") == "v2")
        #expect(sent.header("DD-Telemetry-Request-Type") == "app-started")
        #expect(sent.header("DD-Telemetry-Debug-Enabled") == "true")
        #expect(sent.header("DD-Client-Library-Language") == "swift")
        #expect(sent.header("DD-Client-Library-Version") == "0.4.0")
        #expect(sent.header("DD-Session-ID") == "r1")
        #expect(sent.header("DD-Root-Session-ID") == nil)
        try bench.beat()
        bench.state.take(.packages(.known("a")))
        #expect(try bench.exchange().header("DD-Telemetry-Request-Type") == "message-batch")
        var quiet = Bench()
        #expect(try quiet.exchange().header("DD-Telemetry-Debug-Enabled") == nil)
    }

    @Test func anExtendedHeartbeatTellsEverything() throws {
        var bench = Bench(["DD_TELEMETRY_EXTENDED_HEARTBEAT_INTERVAL": "120"])
        bench.state.take(
            TelemetryFacts(
                dependencies: [.reached("zlib1g", "GHSA-2")],
                products: [TelemetryProduct(name: "sca", isEnabled: true, version: "1")]))
        try bench.start()
        #expect(try bench.exchange().dependencies.count == 1)
        try bench.beat()
        let sent = try bench.exchange()
        #expect(sent.types == ["app-extended-heartbeat", "app-heartbeat"])
        let payload = try #require(sent["app-extended-heartbeat"])
        #expect(payload["configuration"]?.array?.count == bench.state.settings.configuration.count)
        #expect(payload["products"]?["sca"]?["enabled"]?.bool == true)
        #expect(
            sent.dependencies == [
                "zlib1g": [#"{"id":"GHSA-2","reached":[{"path":"main.c","symbol":"main","line":7}]}"#]
            ])
        try bench.beat()
        #expect(try bench.exchange().types == ["app-heartbeat"])
    }
}
