// Support: a client without a network, and what its requests say.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import Testing

@testable import GraftTelemetry

/// A client, its clock and its agent's answers.
struct Bench {
    /// The client.
    var state: TelemetryState
    /// The clock.
    var now = Duration.zero
    /// Lines for the log.
    var lines: [String] = []

    /// The seconds since 1970 that requests carry.
    static let time: Int64 = 1_795_281_044

    /// A client of a program that was started.
    init(
        _ environment: [String: String] = [:], limits: TelemetryLimits = TelemetryLimits(),
        session: TelemetrySession = TelemetrySession(runtimeID: "r1")
    ) {
        state = TelemetryState(
            settings: TelemetrySettings(environment: environment), session: session, application: Self.application,
            host: Self.host, limits: limits, now: .zero)
    }

    /// The program.
    static var application: TelemetryApplication {
        TelemetryApplication(
            tracer: ClientTracer(
                runtimeID: "r1", tracerVersion: "0.4.0", service: "shop", environment: "ci", appVersion: "1.2.3"),
            languageVersion: "6.3")
    }

    /// The machine.
    static let host = TelemetryHost(
        hostname: "vm", osVersion: "Debian GNU/Linux 12 (bookworm)", architecture: "x86_64",
        kernelRelease: "6.18.44", kernelVersion: "1 SMP")

    /// The request that is due, read back; nil when none is. It stays under way.
    mutating func ask() throws -> Sent? {
        try state.nextRequest(now: now, time: Self.time).map(Sent.init)
    }

    /// Answers a request.
    mutating func answer(_ sent: Sent, _ answer: HTTPAnswer = .response(status: 202, body: [])) {
        lines += state.receive(answer, to: sent.request, now: now, random: 0.5).map(\.text)
    }

    /// The request that is due, accepted.
    mutating func exchange() throws -> Sent {
        let sent = try #require(try ask())
        answer(sent)
        return sent
    }

    /// Accepts the start, and goes on to the first heartbeat.
    mutating func start() throws {
        #expect(try exchange().types == ["app-started"])
        try beat()
    }

    /// Goes on to the next time that something is due.
    mutating func beat() throws { now = max(now, try #require(state.due)) }
}

/// A request, read back.
struct Sent {
    /// The request.
    var request: TelemetryRequest
    /// Its body.
    var json: JSONValue

    /// Reads a request's body, which must be JSON.
    init(_ request: TelemetryRequest) throws {
        self.request = request
        json = try JSONDocument.parse(request.httpRequest.body).root.value
    }

    /// What it says, in order.
    var types: [String] { events.map(\.type) }

    /// The events: those of a batch, or the one that it is.
    var events: [(type: String, payload: JSONValue?)] {
        guard json["request_type"]?.string == "message-batch" else {
            return [(json["request_type"]?.string ?? "", json["payload"])]
        }
        return (json["payload"]?.array ?? []).map { ($0["request_type"]?.string ?? "", $0["payload"]) }
    }

    /// The payload of its event of this type.
    subscript(type: String) -> JSONValue? { events.first { $0.type == type }?.payload }

    /// The packages that it tells of, by name, each with the texts of its metadata.
    var dependencies: [String: [String]] {
        var found: [String: [String]] = [:]
        for event in events {
            for dependency in event.payload?["dependencies"]?.array ?? [] {
                found[dependency["name"]?.string ?? ""] =
                    (dependency["metadata"]?.array ?? []).compactMap { $0["value"]?.string }
            }
        }
        return found
    }

    /// The points that it carries, by metric and tags.
    var points: [String: JSONValue] {
        var found: [String: JSONValue] = [:]
        for series in self["generate-metrics"]?["series"]?.array ?? [] {
            let tags = (series["tags"]?.array ?? []).compactMap(\.string)
            found[([series["metric"]?.string ?? ""] + tags).joined(separator: "|")] = series["points"]?[0]?[1]
        }
        return found
    }

    /// The value of a field of HTTP.
    func header(_ name: String) -> String? { request.httpRequest.headers.first { $0.name == name }?.value }
}

extension TelemetryFacts {
    /// Facts of packages only.
    static func packages(_ dependencies: TelemetryDependency...) -> TelemetryFacts {
        TelemetryFacts(dependencies: dependencies)
    }
}

extension TelemetryDependency {
    /// A package with advisories that nobody has reached.
    static func known(_ name: String, _ ids: String...) -> TelemetryDependency {
        TelemetryDependency(name: name, version: "1.0", advisories: ids.map { Advisory(id: $0) })
    }

    /// A package with an advisory that was reached from `symbol`.
    static func reached(_ name: String, _ id: String, _ symbol: String = "main") -> TelemetryDependency {
        TelemetryDependency(
            name: name, version: "1.0",
            advisories: [Advisory(id: id, reached: Reached(path: "main.c", symbol: symbol, line: 7))])
    }
}

extension TelemetryDependency.Advisory {
    /// What its metadata should say, by the writer of whole values.
    var text: String {
        let places = reached.map { place -> JSONValue in
            ["path": .string(place.path), "symbol": .string(place.symbol), "line": JSONValue(place.line)]
        }
        return JSONWriter.text(["id": .string(id), "reached": .array(places.map { [$0] } ?? [])])
    }
}
