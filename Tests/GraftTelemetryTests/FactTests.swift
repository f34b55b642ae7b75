// FactTests: what is news, what is told again, and what is left out.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import Testing

@testable import GraftTelemetry

@Suite struct ReachabilityTests {
    /// The text of an advisory that `symbol` reached.
    private func reached(_ id: String, _ symbol: String) -> String {
        #"{"id":"\#(id)","reached":[{"path":"main.c","symbol":"\#(symbol)","line":7}]}"#
    }

    @Test func theFirstThatReachesStays() throws {
        var bench = Bench()
        try bench.start()
        bench.state.take(.packages(.known("a", "X")))
        #expect(try bench.exchange().dependencies == ["a": [#"{"id":"X","reached":[]}"#]])
        for symbol in ["one", "two"] {
            try bench.beat()
            bench.state.take(.packages(.reached("a", "X", symbol)))
            _ = try bench.exchange()
        }
        #expect(bench.state.dependencies.ledger.entries[0].fact.advisories?.first?.reached?.symbol == "one")
        try bench.beat()
        #expect(try bench.exchange().types == ["app-heartbeat"])
    }

    @Test func aPackageWithNewsIsToldWithAllThatIsKnown() throws {
        var bench = Bench()
        try bench.start()
        bench.state.take(.packages(.known("a", "X", "Y"), .known("b", "X")))
        _ = try bench.exchange()
        try bench.beat()
        var news = TelemetryDependency.known("a", "X", "Y", "Z")
        news.advisories?[1].reached = .init(path: "main.c", symbol: "main", line: 7)
        bench.state.take(.packages(news, .known("b", "X")))
        #expect(
            try bench.exchange().dependencies == [
                "a": [#"{"id":"X","reached":[]}"#, reached("Y", "main"), #"{"id":"Z","reached":[]}"#]
            ])
    }

    @Test func anAdvisoryThatNobodyReachedGoesWithItsTargetAndOneThatWasReachedStays() throws {
        var bench = Bench()
        try bench.start()
        bench.state.take(.packages(.reached("a", "X"), .known("b", "Y")))
        _ = try bench.exchange()
        try bench.beat()
        bench.state.take(.packages(.known("a"), .known("b")))
        bench.state.take(.packages(.known("b", "Z")))
        // That something is gone is no news by itself; the next request for the package is without it.
        #expect(try bench.exchange().dependencies == ["b": [#"{"id":"Z","reached":[]}"#]])
        #expect(bench.state.dependencies.ledger.entries[0].fact.advisories?.map(\.id) == ["X"])
    }

    @Test func twoVersionsOfAPackageAreTwo() throws {
        var bench = Bench()
        try bench.start()
        bench.state.take(
            .packages(TelemetryDependency(name: "a", version: "1"), TelemetryDependency(name: "a", version: "2")))
        #expect(bench.state.status.dependencies == 2)
    }

    @Test func aPackageWhoseAdvisoriesAreLookedForLaterIsToldAgain() throws {
        var bench = Bench()
        try bench.start()
        bench.state.take(.packages(TelemetryDependency(name: "a", version: "1.0", advisories: nil)))
        _ = try bench.exchange()
        try bench.beat()
        bench.state.take(.packages(.known("a")))
        #expect(try bench.exchange().types == ["app-dependencies-loaded", "app-heartbeat"])
        try bench.beat()
        bench.state.take(.packages(TelemetryDependency(name: "a", version: "1.0", advisories: nil)))
        #expect(try bench.exchange().types == ["app-heartbeat"])
        #expect(bench.state.dependencies.ledger.entries[0].fact.advisories == [])
    }
}

@Suite struct ConfigurationChangeTests {
    /// The settings of an event: name, value, origin, number.
    private func entries(_ sent: Sent) -> [String] {
        (sent["app-client-configuration-change"]?["configuration"]?.array ?? []).map {
            "\($0["name"]?.string ?? "")=\($0["value"]?.string ?? "null") \($0["origin"]?.string ?? "") \($0["seq_id"]?.integer ?? 0)"
        }
    }

    /// Takes in a setting.
    private func set(_ bench: inout Bench, _ value: JSONValue, _ origin: ConfigurationEntry.Origin) {
        bench.state.take(TelemetryFacts(configuration: [ConfigurationEntry(name: "N", value: value, origin: origin)]))
    }

    @Test func aRemoteValueThatGoesBringsTheLocalOneBackWithAHigherNumber() throws {
        var bench = Bench()
        bench.state.configuration = ConfigurationBook(limits: TelemetryLimits())
        set(&bench, 1, .environment)
        try bench.start()
        set(&bench, 2, .remote)
        #expect(entries(try bench.exchange()) == ["N=2 remote_config 2"])
        try bench.beat()
        set(&bench, 2, .remote)
        #expect(entries(try bench.exchange()) == [])
        try bench.beat()
        set(&bench, 1, .environment)
        #expect(entries(try bench.exchange()) == ["N=1 env_var 3"])
        try bench.beat()
        set(&bench, .null, .environment)
        #expect(entries(try bench.exchange()) == ["N=null env_var 4"])
    }

    @Test func severalOriginsOfASettingAreEachToldOnce() throws {
        var bench = Bench()
        bench.state.configuration = ConfigurationBook(limits: TelemetryLimits())
        try bench.start()
        set(&bench, "a", .byDefault)
        set(&bench, "b", .environment)
        #expect(entries(try bench.exchange()) == ["N=a default 1", "N=b env_var 2"])
    }

    @Test(arguments: [
        (JSONValue.bool(true), "true"), (.integer(5), "5"), (.number(0.5), "0.5"), (.string("text"), "text"),
        (.array(["a", 1]), #"["a",1]"#),
    ])
    func aValueIsText(value: JSONValue, text: String) throws {
        var bench = Bench()
        try bench.start()
        set(&bench, value, .code)
        let sent = try bench.exchange()
        #expect(sent["app-client-configuration-change"]?["configuration"]?[0]?["value"]?.string == text)
    }
}

@Suite struct MetricTests {
    /// Takes in a total.
    private func count(_ bench: inout Bench, _ total: UInt64, _ tags: [String] = []) {
        bench.state.take(TelemetryFacts(metrics: [TelemetryMetric("m", .count(total: total), tags: tags)]))
    }

    @Test func aCountIsWhatItHasGrownByAndAGaugeIsAsItIs() throws {
        var bench = Bench()
        try bench.start()
        count(&bench, 3)
        bench.state.take(TelemetryFacts(metrics: [TelemetryMetric("g", .gauge(2))]))
        #expect(try bench.exchange().points == ["m": 3, "g": 2.0])
        try bench.beat()
        count(&bench, 3)
        #expect(try bench.exchange().points == ["g": 2.0])
        try bench.beat()
        count(&bench, 10)
        bench.state.take(TelemetryFacts(metrics: [TelemetryMetric("g", .gauge(0))]))
        #expect(try bench.exchange().points == ["m": 7, "g": 0.0])
    }

    @Test func aTotalThatHasGoneBackCountsAnew() throws {
        var bench = Bench()
        try bench.start()
        for total: UInt64 in [5, 2, 4] { count(&bench, total) }
        #expect(try bench.exchange().points == ["m": 9])
    }

    @Test func tagsMakeASeries() throws {
        var bench = Bench()
        try bench.start()
        count(&bench, 1, ["a:b"])
        count(&bench, 2, ["a:c"])
        #expect(try bench.exchange().points == ["m|a:b": 1, "m|a:c": 2])
    }

    @Test func anIntervalIsAtLeastASecond() throws {
        for (text, seconds) in [("0.1", 1), ("1.9", 1), ("30", 30)] as [(String, Int64)] {
            var bench = Bench(["DD_TELEMETRY_HEARTBEAT_INTERVAL": text])
            try bench.start()
            count(&bench, 1)
            #expect(try bench.exchange()["generate-metrics"]?["series"]?[0]?["interval"]?.integer == seconds)
        }
    }
}

@Suite struct TelemetryForkTests {
    @Test func aChildHasItsOwnIdentityAndNumbersAndNoStart() throws {
        var parent = Bench()
        parent.state.take(
            TelemetryFacts(
                dependencies: [.reached("a", "X")],
                products: [TelemetryProduct(name: "sca", isEnabled: true, version: "1")],
                metrics: [TelemetryMetric("m", .count(total: 5))]))
        try parent.start()
        let underWay = try #require(try parent.ask())
        parent.state.take(TelemetryLog(.error, "the parent's"))
        var child = parent
        child.state = parent.state.forked(runtimeID: "c1", now: parent.now)
        // What is under way is the parent's.
        child.answer(underWay)
        #expect(child.state.status.accepted == 0)
        #expect(child.state.due == parent.now + .seconds(60))
        try child.beat()
        // What was counted until the fork is the parent's to tell, whether it had taken it in or not.
        child.state.take(TelemetryFacts(metrics: [TelemetryMetric("m", .count(total: 6))]))
        child.state.take(TelemetryFacts(metrics: [TelemetryMetric("m", .count(total: 9))]))
        let sent = try child.exchange()
        #expect(sent.types == ["app-dependencies-loaded", "generate-metrics", "app-heartbeat"])
        #expect(sent.json["runtime_id"] == "c1")
        #expect(sent.json["seq_id"] == 1)
        #expect(sent.points == ["m": 3])
        #expect(sent.header("DD-Session-ID") == "c1")
        #expect(sent.header("DD-Root-Session-ID") == "r1")
        #expect(sent.header("DD-Parent-Session-ID") == "r1")
        // The parent goes on as if nothing had happened.
        parent.answer(underWay)
        #expect(underWay.points == ["m": 5])
        try parent.beat()
        #expect(try parent.exchange().json["seq_id"] == 3)
    }

    @Test func aChildOfAChildNamesBoth() throws {
        let root = Bench()
        let child = root.state.forked(runtimeID: "c1", now: .zero)
        var grandchild = root
        grandchild.state = child.forked(runtimeID: "c2", now: .zero)
        try grandchild.beat()
        let sent = try grandchild.exchange()
        #expect(sent.header("DD-Session-ID") == "c2")
        #expect(sent.header("DD-Root-Session-ID") == "r1")
        #expect(sent.header("DD-Parent-Session-ID") == "c1")
    }

    @Test func aChildEndsWithoutAnEventOfItsOwn() throws {
        var child = Bench()
        child.state = child.state.forked(runtimeID: "c1", now: .zero)
        child.state.close()
        #expect(try child.ask() == nil)
        #expect(child.state.status.phase == "closed")
        child.state = Bench().state.forked(runtimeID: "c1", now: .zero)
        child.state.take(TelemetryFacts(dependencies: [.known("a")], metrics: [TelemetryMetric("g", .gauge(1))]))
        child.state.close()
        #expect(try child.exchange().types == ["app-dependencies-loaded", "generate-metrics"])
        #expect(try child.ask() == nil)
    }

    @Test func aChildOfAParentThatEndsGoesOn() throws {
        var parent = Bench()
        try parent.start()
        parent.state.close()
        _ = try parent.exchange()
        #expect(parent.state.status.phase == "closed")
        #expect(parent.state.forked(runtimeID: "c", now: .zero).status.phase == "running")
    }

    @Test func aNewClientOfAForkedProcessStartsWithoutAStart() throws {
        let session = TelemetrySession(runtimeID: "c1", forkedFrom: TelemetrySession(runtimeID: "r1"))
        var bench = Bench(session: session)
        try bench.beat()
        for total: UInt64 in [5, 7] {
            bench.state.take(TelemetryFacts(metrics: [TelemetryMetric("m", .count(total: total))]))
        }
        let sent = try bench.exchange()
        #expect(sent.types == ["app-client-configuration-change", "generate-metrics", "app-heartbeat"])
        #expect(sent.points == ["m": 2])
    }
}
