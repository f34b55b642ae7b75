// DeliveryTests: what is sent when, what a failure costs, and what is said of it.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import Testing

@testable import GraftTelemetry

/// An answer that accepts nothing.
private let refusal = HTTPAnswer.response(status: 500, body: [])
/// No answer.
private let silence = HTTPAnswer.failure("connection refused")

@Suite struct DeliveryTests {
    @Test func nothingIsSentBeforeTheStartWasAccepted() throws {
        var bench = Bench()
        bench.state.take(.packages(.known("a", "X")))
        bench.state.take(TelemetryLog(.error, "early"))
        for _ in 0..<5 {
            let sent = try #require(try bench.ask())
            #expect(sent.types == ["app-started"])
            bench.answer(sent, silence)
            #expect(try bench.ask() == nil)
            try bench.beat()
        }
        #expect(try bench.exchange().types == ["app-started"])
        try bench.beat()
        #expect(bench.now >= .seconds(60))
        #expect(try bench.exchange().types == ["app-dependencies-loaded", "logs", "app-heartbeat"])
    }

    @Test func theStartIsSentOnce() throws {
        var bench = Bench()
        try bench.start()
        for _ in 0..<3 {
            #expect(try bench.exchange().types == ["app-heartbeat"])
            try bench.beat()
        }
    }

    @Test(arguments: [200, 202, 204, 299]) func everySuccessIsAcceptance(status: Int) throws {
        var bench = Bench()
        bench.answer(try #require(try bench.ask()), .response(status: status, body: []))
        #expect(bench.state.status.phase == "running")
    }

    @Test(arguments: [199, 300, 301, 400, 404, 429, 500, 503]) func nothingElseIs(status: Int) throws {
        var bench = Bench()
        bench.answer(try #require(try bench.ask()), .response(status: status, body: Array("ok".utf8)))
        #expect(bench.state.status.phase == "starting")
        #expect(bench.state.status.lastError == "status \(status)")
    }

    @Test func whatWasNotAcceptedIsInTheNextRequest() throws {
        var bench = Bench()
        try bench.start()
        bench.state.take(
            TelemetryFacts(
                dependencies: [.known("a", "X")],
                products: [TelemetryProduct(name: "sca", isEnabled: true, version: "1")],
                configuration: [ConfigurationEntry(name: "N", value: "v", origin: .code)],
                metrics: [TelemetryMetric("m", .count(total: 3))]))
        bench.state.take(TelemetryLog(.error, "l"))
        let first = try #require(try bench.ask())
        bench.answer(first, refusal)
        #expect(try bench.ask() == nil)
        try bench.beat()
        // What has changed meanwhile goes in its newest form, and counts have grown.
        bench.state.take(
            TelemetryFacts(
                dependencies: [.reached("a", "X")],
                products: [TelemetryProduct(name: "sca", isEnabled: false, version: "1")],
                configuration: [ConfigurationEntry(name: "N", value: "w", origin: .code)],
                metrics: [TelemetryMetric("m", .count(total: 5))]))
        bench.state.take(TelemetryLog(.error, "l"))
        let second = try bench.exchange()
        #expect(second.types == first.types)
        #expect(second.dependencies["a"]?.first?.contains("main.c") == true)
        #expect(second["app-product-change"]?["products"]?["sca"]?["enabled"] == false)
        #expect(second["app-client-configuration-change"]?["configuration"]?[0]?["value"] == "w")
        #expect(second["logs"]?["logs"]?[0]?["count"] == 2)
        #expect(second.points == ["m": 5])
        #expect(first.points == ["m": 3])
        #expect(second.request.sequence == first.request.sequence + 1)
        try bench.beat()
        #expect(try bench.exchange().types == ["app-heartbeat"])
    }

    @Test func whatChangesWhileARequestIsUnderWayIsToldWithTheNext() throws {
        var bench = Bench()
        try bench.start()
        bench.state.take(.packages(.known("a", "X")))
        bench.state.take(TelemetryFacts(metrics: [TelemetryMetric("m", .count(total: 3))]))
        let sent = try #require(try bench.ask())
        bench.state.take(.packages(.reached("a", "X"), .known("b")))
        bench.state.take(TelemetryFacts(metrics: [TelemetryMetric("m", .count(total: 10))]))
        #expect(try bench.ask() == nil)
        #expect(bench.state.due == nil)
        bench.answer(sent)
        try bench.beat()
        let next = try bench.exchange()
        #expect(next.dependencies.keys.sorted() == ["a", "b"])
        #expect(next.points == ["m": 7])
    }

    @Test func aRequestIsAnsweredOnce() throws {
        var bench = Bench()
        let sent = try bench.exchange()
        bench.answer(sent, refusal)
        #expect(bench.state.status.phase == "running")
        #expect(bench.state.status.failed == 0)
    }

    @Test func pausesGrowToAMinuteATenthMoreOrLess() throws {
        var bench = Bench()
        var pauses: [Duration] = []
        for _ in 0..<9 {
            bench.answer(try #require(try bench.ask()), silence)
            pauses.append(try #require(bench.state.due) - bench.now)
            try bench.beat()
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        for (random, share) in [(0.0, 0.9), (0.5, 1.0), (0.999_999, 1.1)] {
            var pace = TelemetryPace(settings: TelemetrySettings())
            pace.fail(at: .seconds(10), random: random)
            #expect(abs((pace.due - .seconds(10)) / .seconds(1) - share) < 0.000_01)
        }
    }

    @Test func aFastClientTriesAgainAsFast() throws {
        var bench = Bench(["DD_TELEMETRY_HEARTBEAT_INTERVAL": "0.1"])
        bench.answer(try #require(try bench.ask()), silence)
        #expect(bench.state.due == .milliseconds(100))
    }

    @Test func aHeartbeatComesAnIntervalAfterTheLastAcceptedOne() throws {
        var bench = Bench(["DD_TELEMETRY_HEARTBEAT_INTERVAL": "10"])
        bench.now = .seconds(3)
        _ = try bench.exchange()
        #expect(bench.state.due == .seconds(13))
        bench.now = .seconds(12)
        bench.state.take(.packages(.known("a")))
        #expect(try bench.ask() == nil)
        bench.now = .seconds(15)
        _ = try bench.exchange()
        #expect(bench.state.due == .seconds(25))
    }

    @Test func whoeverIsSwitchedOffSaysNothing() throws {
        var bench = Bench(["DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"])
        bench.state.take(.packages(.known("a")))
        bench.state.take(TelemetryLog(.error, "x"))
        #expect(bench.state.due == nil)
        #expect(try bench.ask() == nil)
        bench.state.close()
        #expect(try bench.ask() == nil)
        #expect(bench.state.status.phase == "off")
        #expect(bench.state.status.dependencies == 0)
        #expect(bench.state.forked(runtimeID: "c", now: .zero).due == nil)
    }

    @Test func whatIsSwitchedOffIsLeftOut() throws {
        var bench = Bench([
            "DD_TELEMETRY_DEPENDENCY_COLLECTION_ENABLED": "0", "DD_TELEMETRY_METRICS_ENABLED": "0",
            "DD_TELEMETRY_LOG_COLLECTION_ENABLED": "0",
        ])
        bench.state.take(
            TelemetryFacts(dependencies: [.known("a")], metrics: [TelemetryMetric("m", .gauge(1))]))
        bench.state.take(TelemetryLog(.error, "x"))
        try bench.start()
        #expect(try bench.exchange().types == ["app-heartbeat"])
    }
}

@Suite struct TelemetryEndTests {
    @Test func theEndTellsWhatWaits() throws {
        var bench = Bench()
        try bench.start()
        bench.state.take(
            TelemetryFacts(dependencies: [.known("a", "X")], metrics: [TelemetryMetric("m", .count(total: 1))]))
        bench.now = .seconds(1)
        bench.state.close()
        #expect(bench.state.due == .zero)
        #expect(try bench.exchange().types == ["app-dependencies-loaded", "generate-metrics", "app-closing"])
        #expect(bench.state.status.phase == "closed")
        bench.state.close()
        #expect(bench.state.due == nil)
    }

    @Test func anEndBeforeTheStartTellsBoth() throws {
        var bench = Bench()
        bench.state.take(.packages(.known("a")))
        bench.state.close()
        #expect(try bench.exchange().types == ["app-started"])
        #expect(try bench.exchange().types == ["app-dependencies-loaded", "app-closing"])
        #expect(try bench.ask() == nil)
    }

    @Test func anEndWhileTheStartIsUnderWayTellsTheEnd() throws {
        var bench = Bench()
        let sent = try #require(try bench.ask())
        bench.state.close()
        bench.answer(sent)
        #expect(try bench.exchange().types == ["app-closing"])
    }

    @Test func anEndWhileAHeartbeatIsUnderWayTellsTheEnd() throws {
        var bench = Bench()
        try bench.start()
        let sent = try #require(try bench.ask())
        bench.state.close()
        bench.answer(sent)
        #expect(try bench.exchange().types == ["app-closing"])
    }

    @Test func theEndDoesNotWaitForAPauseAndFailsOnce() throws {
        var bench = Bench()
        try bench.start()
        bench.answer(try #require(try bench.ask()), silence)
        bench.state.close()
        let last = try #require(try bench.ask())
        #expect(last.types == ["app-closing"])
        bench.answer(last, silence)
        #expect(try bench.ask() == nil)
        #expect(bench.state.status.phase == "closed")
    }

    @Test func theEndComesAfterAllThatHadNoRoom() throws {
        var limits = TelemetryLimits()
        limits.dependenciesPerEvent = 2
        var bench = Bench(limits: limits)
        try bench.start()
        bench.state.take(.packages(.known("a"), .known("b"), .known("c")))
        bench.state.close()
        #expect(try bench.exchange().types == ["app-dependencies-loaded"])
        #expect(try bench.exchange().types == ["app-dependencies-loaded", "app-closing"])
        #expect(try bench.ask() == nil)
    }
}

@Suite struct TelemetryLogLineTests {
    @Test func eachChangeOfStateIsALine() throws {
        var bench = Bench()
        func fail(_ answer: HTTPAnswer) throws {
            bench.answer(try #require(try bench.ask()), answer)
            try bench.beat()
        }
        for _ in 0..<5 { try fail(silence) }
        #expect(bench.lines == ["telemetry cannot be sent: connection refused"])
        for _ in 0..<3 { try fail(.response(status: 404, body: [])) }
        #expect(bench.lines.count == 2)
        #expect(bench.lines.last == "the agent does not accept telemetry: status 404")
        for _ in 0..<3 {
            _ = try bench.exchange()
            try bench.beat()
        }
        #expect(bench.lines.count == 3)
        #expect(bench.lines.last == "telemetry is accepted")
        for _ in 0..<2 { try fail(silence) }
        #expect(bench.lines.count == 3)
    }

    @Test func theStatusSaysHowThingsStand() throws {
        var bench = Bench()
        bench.state.take(.packages(.known("a")))
        bench.answer(try #require(try bench.ask()), refusal)
        let status = bench.state.status
        #expect(status.json["phase"] == "starting")
        #expect(status.json["standing"] == "refused")
        #expect(status.json["last_error"] == "status 500")
        #expect(status.json["requests_failed"] == 1)
        #expect(status.json["dependencies"] == 1)
        #expect(status.json["pending"] == JSONValue(1 + bench.state.settings.configuration.count))
        try bench.beat()
        _ = try bench.exchange()
        #expect(bench.state.status.lastError == nil)
        #expect(bench.state.status.pending == 1)
    }
}
