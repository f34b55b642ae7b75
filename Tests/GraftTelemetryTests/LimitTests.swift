// LimitTests: each limit, at it and past it; what it leaves out is counted or comes later.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import Testing

@testable import GraftTelemetry

/// Packages named by their numbers.
private func packages(_ numbers: Range<Int>, advisories: Int = 1) -> [TelemetryDependency] {
    numbers.map { number in
        TelemetryDependency(
            name: "package-\(number)", version: "1.0", advisories: (0..<advisories).map { .init(id: "GHSA-\($0)") })
    }
}

/// A client with limits of a test's own, past its start.
private func bench(_ change: (inout TelemetryLimits) -> Void) throws -> Bench {
    var limits = TelemetryLimits()
    change(&limits)
    var bench = Bench(limits: limits)
    try bench.start()
    return bench
}

@Suite struct LimitTests {
    @Test func whatHasNoRoomInAnEventIsInTheNextAtOnce() throws {
        for (count, requests) in [(2_000, [2_000, 0]), (2_001, [2_000, 1]), (4_001, [2_000, 2_000, 1])] {
            var bench = try bench { _ in }
            bench.state.take(TelemetryFacts(dependencies: packages(0..<count)))
            for expected in requests {
                if expected == 0 { try bench.beat() }
                let sent = try bench.exchange()
                #expect(sent.dependencies.count == expected)
                #expect(bench.state.hasMore == (bench.state.due == .zero))
            }
            #expect(try bench.ask() == nil)
        }
    }

    @Test func aRequestThatFailedIsFollowedByAllThatHadNoRoom() throws {
        var bench = try bench { $0.dependenciesPerEvent = 2 }
        bench.state.take(TelemetryFacts(dependencies: packages(0..<5)))
        _ = try bench.exchange()
        bench.answer(try #require(try bench.ask()), .failure("gone"))
        #expect(bench.state.due == bench.now + .seconds(1))
        try bench.beat()
        #expect(try bench.exchange().dependencies.count == 2)
        #expect(try bench.exchange().dependencies.count == 1)
        #expect(bench.state.status.pending == 0)
    }

    @Test func anExtendedHeartbeatIsFollowedByWhatItHadNoRoomFor() throws {
        var limits = TelemetryLimits()
        limits.dependenciesPerEvent = 3
        var bench = Bench(["DD_TELEMETRY_EXTENDED_HEARTBEAT_INTERVAL": "100"], limits: limits)
        bench.state.take(TelemetryFacts(dependencies: packages(0..<8)))
        try bench.start()
        for count in [3, 3, 2] { #expect(try bench.exchange().dependencies.count == count) }
        bench.now = .seconds(100)
        let extended = try bench.exchange()
        #expect(extended.types == ["app-extended-heartbeat"])
        var names = Set(extended.dependencies.keys)
        #expect(names.count == 3)
        for count in [3, 2] {
            let sent = try bench.exchange()
            #expect(sent.types == ["app-dependencies-loaded"])
            #expect(sent.dependencies.count == count)
            names.formUnion(sent.dependencies.keys)
        }
        #expect(names.count == 8)
        #expect(bench.state.due == .seconds(120))
    }

    @Test(arguments: [8 << 10, 20 << 10, 100 << 10]) func noRequestIsLargerThanItMayBe(bytes: Int) throws {
        var bench = try bench { $0.payloadBytes = bytes }
        bench.state.take(TelemetryFacts(dependencies: packages(0..<1_000, advisories: 3)))
        for number in 0..<50 { bench.state.take(TelemetryLog(.error, String(repeating: "\"", count: number * 10))) }
        var names: Set<String> = []
        var sizes: [Int] = []
        while let sent = try bench.ask() {
            bench.answer(sent)
            sizes.append(sent.request.httpRequest.body.count)
            names.formUnion(sent.dependencies.keys)
        }
        #expect(names.count == 1_000)
        #expect(sizes.allSatisfy { $0 <= bytes })
        // All but the last are as good as full.
        #expect(sizes.dropLast().allSatisfy { $0 > bytes - 4_096 })
        #expect(bench.state.status.pending == 0)
    }

    @Test func anItemThatIsTooLargeGoesAlone() throws {
        var bench = try bench { $0.payloadBytes = 4_096 }
        bench.state.take(TelemetryFacts(dependencies: packages(0..<2, advisories: 100)))
        #expect(try bench.exchange().dependencies.count == 1)
        #expect(try bench.exchange().dependencies.count == 1)
        #expect(try bench.ask() == nil)
    }

    @Test func theWorstPackageFitsIntoARequest() throws {
        // A tenth of the advisories that a package may have, since so many escapes take a test's time.
        let part = 10
        let text = String(repeating: "\u{1}", count: 2_000)
        let place = TelemetryDependency.Reached(path: text, symbol: text, line: .max)
        let worst = TelemetryDependency(
            name: text, version: text,
            advisories: (0..<TelemetryLimits.maximumAdvisories / part).map { .init(id: "\($0)" + text, reached: place) }
        )
        var bytes: [UInt8] = []
        worst.append(to: &bytes)
        #expect(bytes.count > TelemetryLimits.maximumPayloadBytes / part / 2)
        #expect(bytes.count + 4_096 < TelemetryLimits.maximumPayloadBytes / part)
    }

    @Test func anAgentThatFindsRequestsTooLargeGetsSmallerOnes() throws {
        var bench = try bench { $0.payloadBytes = 200 << 10 }
        for bytes in [100 << 10, 64 << 10, 64 << 10] {
            bench.answer(try #require(try bench.ask()), .response(status: 413, body: []))
            #expect(bench.state.limits.payloadBytes == bytes)
            try bench.beat()
        }
    }

    @Test func packagesHaveALimit() throws {
        var bench = try bench { $0.dependencies = 3 }
        bench.state.take(TelemetryFacts(dependencies: packages(0..<3)))
        #expect(bench.state.status.dropped == 0)
        bench.state.take(TelemetryFacts(dependencies: packages(0..<4)))
        #expect(bench.state.status.dropped == 1)
        #expect(try bench.exchange().dependencies.count == 3)
        #expect(bench.lines.last == "telemetry leaves out what its limits have no room for")
        try bench.beat()
        _ = try bench.exchange()
        #expect(bench.lines.count { $0.contains("leaves out") } == 1)
    }

    @Test func advisoriesHaveALimitAndOnesThatGoMakeRoom() throws {
        var bench = try bench { _ in }
        bench.state.take(TelemetryFacts(dependencies: packages(0..<1, advisories: 100)))
        #expect(bench.state.status.dropped == 0)
        bench.state.take(TelemetryFacts(dependencies: packages(0..<1, advisories: 101)))
        #expect(bench.state.status.dropped == 1)
        #expect(try bench.exchange().dependencies["package-0"]?.count == 100)
        bench.state.take(.packages(.init(name: "package-0", version: "1.0", advisories: [.init(id: "new")])))
        try bench.beat()
        #expect(try bench.exchange().dependencies["package-0"] == [#"{"id":"new","reached":[]}"#])
    }

    @Test func settingsProductsSeriesAndMessagesHaveLimits() throws {
        var bench = try bench {
            $0.configurations = 10
            $0.products = 2
            $0.series = 2
            $0.logs = 2
        }
        let known = bench.state.settings.configuration.count
        func take(_ count: Int) -> TelemetryFacts {
            TelemetryFacts(
                products: (0..<count).map { TelemetryProduct(name: "p\($0)", isEnabled: true, version: "1") },
                configuration: (0..<count + 8 - known).map {
                    ConfigurationEntry(name: "N\($0)", value: "v", origin: .code)
                },
                metrics: (0..<count).map { TelemetryMetric("m\($0)", .gauge(1)) })
        }
        bench.state.take(take(2))
        for text in ["a", "b", "a"] { bench.state.take(TelemetryLog(.error, text)) }
        #expect(bench.state.status.dropped == 0)
        bench.state.take(take(3))
        bench.state.take(TelemetryLog(.error, "c"))
        #expect(bench.state.status.dropped == 4)
        let sent = try bench.exchange()
        #expect(sent["app-product-change"]?["products"]?.object?.members.count == 2)
        #expect(sent["app-client-configuration-change"]?["configuration"]?.array?.count == 10 - known)
        #expect(sent["generate-metrics"]?["series"]?.array?.count == 2)
        #expect(sent["logs"]?["logs"]?.array?.count == 2)
        // Messages that were accepted make room.
        bench.state.take(TelemetryLog(.error, "c"))
        #expect(bench.state.status.dropped == 4)
    }

    @Test func textsHaveALimitAndAreCutBetweenCharacters() {
        let limit = TelemetryLimits.maximumTextBytes
        let fits = String(repeating: "a", count: limit)
        #expect(TelemetryDependency(name: fits, version: "1").name == fits)
        #expect(TelemetryDependency(name: fits + "a", version: "1").name == fits.dropLast(3) + "…")
        let wide = TelemetryMetric(String(repeating: "é", count: limit), .gauge(0)).name
        #expect(wide.utf8.count <= limit && wide.utf8.count > limit - 3)
        #expect(wide.hasSuffix("é…"))
        let value = TelemetryLimits.maximumValueBytes
        #expect(TelemetryLog(.error, "", stack: String(repeating: "s", count: value)).stack?.hasSuffix("s") == true)
        #expect(TelemetryLog(.error, "", stack: String(repeating: "s", count: value + 1)).stack?.hasSuffix("…") == true)
    }

    @Test func aLineIsNeverNegative() {
        #expect(TelemetryDependency.Reached(path: "p", symbol: "s", line: -1).line == 0)
    }
}

@Suite struct HostileTextTests {
    /// Texts that break a writer that is not careful.
    static let texts = [
        "\"", "\\", "\\\"", "\u{0}", "\u{1F}", "\u{7F}", "\n\r\t\u{8}\u{C}", "\u{2028}\u{2029}", "</script>", "é", "𝄞",
        "\u{FEFF}", "e\u{301}", "{\"a\":[]}", "%00", String(repeating: "\\", count: 50),
    ]

    @Test(arguments: texts) func aTextComesBackAsItWas(text: String) throws {
        var bench = Bench()
        bench.state.envelope = TelemetryEnvelope(
            session: TelemetrySession(runtimeID: "r1"),
            application: TelemetryApplication(
                tracer: ClientTracer(runtimeID: "r", tracerVersion: "1", service: text + "s")),
            host: Bench.host, isDebug: false)
        try bench.start()
        bench.state.take(
            TelemetryFacts(
                dependencies: [
                    TelemetryDependency(
                        name: text, version: text,
                        advisories: [.init(id: text, reached: .init(path: text, symbol: text, line: 1))])
                ],
                products: [TelemetryProduct(name: text, isEnabled: true, version: text, error: text)],
                configuration: [ConfigurationEntry(name: text, value: .string(text), origin: .init(text))],
                metrics: [TelemetryMetric(text, .gauge(.nan), tags: [text])]))
        bench.state.take(TelemetryLog(.error, text, tags: [text], stack: text))
        let sent = try bench.exchange()
        #expect(sent.json["application"]?["service_name"]?.string == text + "s")
        let dependency = try #require(sent["app-dependencies-loaded"]?["dependencies"]?[0])
        #expect(dependency["name"]?.string == text && dependency["version"]?.string == text)
        let value = try JSONDocument.parse(Array(try #require(sent.dependencies[text]?.first).utf8)).root.value
        #expect(value["id"]?.string == text)
        #expect(value["reached"]?[0]?["path"]?.string == text && value["reached"]?[0]?["symbol"]?.string == text)
        #expect(
            sent["app-product-change"]?["products"]?.object?.members.first?.value["error"]?["message"]?.string == text)
        let setting = try #require(sent["app-client-configuration-change"]?["configuration"]?[0])
        #expect(
            setting["name"]?.string == text && setting["value"]?.string == text && setting["origin"]?.string == text)
        let log = try #require(sent["logs"]?["logs"]?[0])
        #expect(log["message"]?.string == text && log["stack_trace"]?.string == text && log["tags"]?.string == text)
        #expect(sent["generate-metrics"]?["series"]?[0]?["metric"]?.string == text)
        #expect(sent["generate-metrics"]?["series"]?[0]?["points"]?[0]?[1] == .null)
    }
}
