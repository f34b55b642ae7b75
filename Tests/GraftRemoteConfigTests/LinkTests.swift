// LinkTests: what is asked of the agent and when, and which changes are worth a line.

import GraftConfig
import GraftRemoteConfig
import GraftTestKit
import Testing

@Suite("Between client and agent")
struct LinkTests {
    /// A client that asks for `/info` first.
    private func client() -> RemoteConfigState {
        var state = RemoteConfigState(
            clientID: "client", tracer: ClientTracer(runtimeID: "runtime", tracerVersion: "1.0.0"))
        state.enable("ASM_FEATURES")
        return state
    }

    /// What is asked next.
    private func next(_ state: RemoteConfigState) -> String {
        var copy = state
        return copy.nextExchange() == .info ? "info" : "config"
    }

    @Test("configuration is asked for once the agent offers it", arguments: ["/v0.7/config", "v0.7/config"])
    func offered(_ endpoint: String) {
        var state = client()
        #expect(next(state) == "info")
        let outcome = state.take(.ok(#"{"endpoints":["\#(endpoint)"],"version":"7"}"#))
        #expect(outcome.verdict == .info(offersRemoteConfig: true))
        #expect(outcome.log.isEmpty)
        #expect(next(state) == "config")
    }

    @Test(
        "the agent is asked again when it offers none",
        arguments: [#"{"endpoints":["/v0.4/traces"]}"#, "{}", #"{"endpoints":null}"#, #"{"endpoints":[7]}"#])
    func notOffered(_ info: String) {
        var state = client()
        #expect(state.take(.ok(info)).verdict == .info(offersRemoteConfig: false))
        #expect(next(state) == "info")
        #expect(state.link.standing == .notOffered)
        _ = state.take(.info)
        #expect(next(state) == "config")
    }

    @Test("an /info that cannot be read is a failure", arguments: ["", "nope", "[]", "7"])
    func badInfo(_ info: String) {
        var state = client()
        guard case .failed = state.take(.ok(info)).verdict else {
            Issue.record("read")
            return
        }
        #expect(next(state) == "info")
    }

    @Test("three failures in a row lead back to /info, two and an answer do not")
    func threeFailures() {
        var state = client()
        _ = state.take(.info)
        for answer in [
            HTTPAnswer.failure("x"), .response(status: 500, body: []), .ok("{}"), .failure("x"), .failure("x"),
        ] {
            _ = state.take(answer)
            #expect(next(state) == "config")
        }
        _ = state.take(.failure("x"))
        #expect(next(state) == "info")
        _ = state.take(.info)
        // The count begins anew.
        _ = state.take(.failure("x"))
        #expect(next(state) == "config")
    }

    @Test("an endpoint that is gone leads back to /info at once")
    func gone() {
        var state = client()
        _ = state.take(.info)
        _ = state.take(.response(status: 404, body: []))
        #expect(next(state) == "info")
    }

    @Test("an answer that cannot be used is an answer: the agent is there")
    func refusedIsNoFailure() {
        var state = client()
        _ = state.take(.info)
        for _ in 0..<5 {
            _ = state.take(.ok("broken"))
            #expect(next(state) == "config")
            #expect(state.link.fruitlessRounds == 0)
        }
    }

    @Test("a client that does not ask for /info never does")
    func blind() {
        var state = RemoteConfigState.asking()
        for answer in [
            HTTPAnswer.response(status: 404, body: []), .failure("x"), .failure("x"), .failure("x"), .failure("x"),
        ] {
            _ = state.take(answer)
            #expect(next(state) == "config")
        }
    }

    @Test("each change is one line, however many polls there are")
    func oneLinePerChange() {
        var state = client()
        var lines: [String] = []
        func take(_ answer: HTTPAnswer, times: Int) {
            for _ in 0..<times { lines += state.take(answer).log.map(\.text) }
        }
        take(.failure("connection refused"), times: 50)
        take(.infoWithout, times: 50)
        take(.info, times: 1)
        take(.ok("{}"), times: 50)
        take(.ok("broken"), times: 50)
        take(.ok("{}"), times: 50)
        take(.failure("connection refused"), times: 2)
        take(.ok("{}"), times: 50)
        #expect(lines.count == 5)
        #expect(lines[0].hasSuffix("connection refused"))
        #expect(lines[1].contains("does not offer"))
        #expect(lines[2].hasSuffix("is available"))
        #expect(lines[3].contains("is refused"))
        #expect(lines[4].hasSuffix("is available"))
    }
}

@Suite("The pause between polls")
struct PaceTests {
    private let pace = PollPace()

    @Test("is the interval, a tenth more or less")
    func jitter() {
        #expect(pace.delay(fruitlessRounds: 0, random: 0) == .milliseconds(4_500))
        #expect(pace.delay(fruitlessRounds: 0, random: 0.5) == .seconds(5))
        #expect(pace.delay(fruitlessRounds: 0, random: 0.9999999) < .milliseconds(5_500))
    }

    @Test("doubles with each round without an answer, up to a limit")
    func backoff() {
        let delays = (1...7).map { pace.delay(fruitlessRounds: $0, random: 0.5) }
        #expect(delays == [5, 10, 20, 30, 30, 30, 30].map { Duration.seconds($0) })
        #expect(pace.delay(fruitlessRounds: .max, random: 0.5) == .seconds(30))
        #expect(PollPace(interval: .seconds(90)).delay(fruitlessRounds: 9, random: 0.5) == .seconds(90))
    }

    @Test("is never nothing", arguments: [Duration.zero, .seconds(-5), .nanoseconds(1)])
    func never(_ interval: Duration) {
        #expect(PollPace(interval: interval).delay(fruitlessRounds: 0, random: 0) >= .microseconds(900))
    }

    @Test(
        "is the back end's, within reason", arguments: [(0.1, 1.0), (10, 10), (60, 60), (1e300, 60), (0, 5), (-1, 5)])
    func backend(_ asked: Double, _ seconds: Double) {
        var state = RemoteConfigState.asking()
        var offer = Offer(1)
        offer.custom["agent_refresh_interval"] = .number(asked)
        state.take(offer)
        #expect(state.delay(random: 0.5) == .seconds(seconds))
        // And the program's own again when the back end no longer asks.
        state.take(Offer(2))
        #expect(state.delay(random: 0.5) == .seconds(5))
    }

    @Test("stays the program's own where it says so")
    func fixed() {
        var state = RemoteConfigState(
            clientID: "client", tracer: ClientTracer(runtimeID: "runtime", tracerVersion: "1.0.0"),
            pace: PollPace(interval: .seconds(2), followsBackend: false), asksInfo: false)
        var offer = Offer(1)
        offer.custom["agent_refresh_interval"] = 30
        state.take(offer)
        #expect(state.delay(random: 0.5) == .seconds(2))
    }

    @Test("grows while the agent offers nothing, and is short again with the first answer")
    func withoutOffer() {
        var state = RemoteConfigState.asking()
        for _ in 0..<4 { _ = state.take(.response(status: 404, body: [])) }
        #expect(state.delay(random: 0.5) == .seconds(30))
        _ = state.take(.ok("{}"))
        #expect(state.delay(random: 0.5) == .seconds(5))
    }
}
