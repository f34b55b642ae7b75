// ModelTests: random lives of a client against a back end that believes what it accepts.
//
// Whatever fails in between, at the end the back end knows exactly what there was to tell: nothing is lost, nothing is told
// twice after it was accepted, and the growth of counts adds up.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import GraftTestKit
import Testing

@testable import GraftTelemetry

/// What a back end has accepted.
private struct BackEnd {
    /// The metadata of each package.
    var dependencies: [String: [String]] = [:]
    /// Whether each product is on.
    var products: [String: Bool] = [:]
    /// Each setting's value of the highest number, and that number.
    var configuration: [String: (value: String?, sequence: Int64)] = [:]
    /// The sum of each count.
    var counts: [String: Int64] = [:]
    /// The number of each message.
    var logs: [String: Int64] = [:]
    /// The types of all events.
    var types: [String] = []
    /// The packages that may be told again, because everything was.
    private var mayComeAgain: Set<String> = []
    /// How often each product had changed when it was told of last.
    private var productChanges: [String: Int] = [:]

    /// Accepts a request that was made when each product had changed so often; what it finds to complain of.
    mutating func accept(_ sent: Sent, productChanges changes: [String: Int]) -> [String] {
        var complaints: [String] = []
        types += sent.types
        for (type, payload) in sent.events {
            if type == "app-extended-heartbeat" { mayComeAgain = Set(dependencies.keys) }
            for dependency in payload?["dependencies"]?.array ?? [] {
                let name = dependency["name"]?.string ?? ""
                let metadata = (dependency["metadata"]?.array ?? []).compactMap { $0["value"]?.string }
                let isKnown = dependencies.updateValue(metadata, forKey: name) == metadata
                if isKnown && mayComeAgain.remove(name) == nil { complaints.append("\(name) is told twice") }
                mayComeAgain.remove(name)
            }
            for product in payload?["products"]?.object?.members ?? [] {
                products[product.key] = product.value["enabled"]?.bool
                // One that changed and changed back may be told again: nobody knows what became of a lost answer.
                let isKnown = productChanges.updateValue(changes[product.key] ?? 0, forKey: product.key)
                if isKnown == changes[product.key] && type == "app-product-change" {
                    complaints.append("\(product.key) is told twice")
                }
            }
            for entry in payload?["configuration"]?.array ?? [] {
                let (name, sequence) = (entry["name"]?.string ?? "", entry["seq_id"]?.integer ?? 0)
                if sequence >= configuration[name]?.sequence ?? 0 {
                    configuration[name] = (entry["value"]?.string, sequence)
                }
            }
            for series in payload?["series"]?.array ?? [] where series["type"] == "count" {
                counts[series["metric"]?.string ?? "", default: 0] += series["points"]?[0]?[1]?.integer ?? 0
            }
            for log in payload?["logs"]?.array ?? [] {
                logs[log["message"]?.string ?? "", default: 0] += log["count"]?.integer ?? 0
            }
        }
        return complaints
    }
}

/// A program whose facts change at random.
private struct World {
    /// The facts.
    var facts = TelemetryFacts()
    /// The number of each message.
    var logs: [String: Int64] = [:]
    /// How often each product has changed.
    var productChanges: [String: Int] = [:]

    /// Changes one thing.
    mutating func change(_ random: inout SplitMix, _ state: inout TelemetryState) {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: addPackage(&random)
        case 1: reach(&random)
        case 2:
            let name = "p\(Int.random(in: 0..<3, using: &random))"
            let product = TelemetryProduct(name: name, isEnabled: Bool.random(using: &random), version: "1")
            guard !facts.products.contains(product) else { return }
            facts.products.removeAll { $0.name == name }
            facts.products.append(product)
            productChanges[name, default: 0] += 1
        case 3:
            let entry = ConfigurationEntry(
                name: "N\(Int.random(in: 0..<4, using: &random))",
                value: .string("\(Int.random(in: 0..<3, using: &random))"),
                origin: [.environment, .remote, .code].randomElement(using: &random) ?? .code)
            facts.configuration.removeAll { $0.name == entry.name }
            facts.configuration.append(entry)
        case 4:
            let index = Int.random(in: 0..<3, using: &random)
            while facts.metrics.count <= index {
                facts.metrics.append(TelemetryMetric("m\(facts.metrics.count)", .count(total: 0)))
            }
            guard case .count(let total) = facts.metrics[index].value else { return }
            facts.metrics[index].value = .count(total: total + UInt64.random(in: 0..<10, using: &random))
        default:
            let log = TelemetryLog(.error, "l\(Int.random(in: 0..<3, using: &random))")
            logs[log.message, default: 0] += 1
            state.take(log)
        }
    }

    /// A new package, or a new advisory of one.
    private mutating func addPackage(_ random: inout SplitMix) {
        let name = "d\(Int.random(in: 0..<12, using: &random))"
        let id = "GHSA-\(Int.random(in: 0..<4, using: &random))"
        guard let index = facts.dependencies.firstIndex(where: { $0.name == name }) else {
            facts.dependencies.append(.known(name))
            return
        }
        if facts.dependencies[index].advisories?.contains(where: { $0.id == id }) == false {
            facts.dependencies[index].advisories?.append(.init(id: id))
        }
    }

    /// An advisory is reached that was not.
    private mutating func reach(_ random: inout SplitMix) {
        guard let index = facts.dependencies.indices.randomElement(using: &random),
            let advisory = facts.dependencies[index].advisories?.firstIndex(where: { $0.reached == nil })
        else { return }
        facts.dependencies[index].advisories?[advisory].reached = .init(path: "p", symbol: "s", line: 1)
    }

    /// Whether a back end knows all of it; what it does not.
    func compare(_ backEnd: BackEnd) -> [String] {
        var complaints: [String] = []
        let metadata = Dictionary(
            uniqueKeysWithValues: facts.dependencies.map { dependency in
                (dependency.name, (dependency.advisories ?? []).map(\.text))
            })
        if metadata != backEnd.dependencies { complaints.append("packages: \(metadata) \(backEnd.dependencies)") }
        let products = Dictionary(uniqueKeysWithValues: facts.products.map { ($0.name, $0.isEnabled) })
        if products != backEnd.products { complaints.append("products: \(products) \(backEnd.products)") }
        for entry in facts.configuration where backEnd.configuration[entry.name]?.value != entry.value.string {
            complaints.append("\(entry.name): \(String(describing: backEnd.configuration[entry.name]))")
        }
        for metric in facts.metrics {
            guard case .count(let total) = metric.value else { continue }
            if Int64(total) != backEnd.counts[metric.name] ?? 0 { complaints.append("\(metric.name)") }
        }
        if logs != backEnd.logs { complaints.append("logs: \(logs) \(backEnd.logs)") }
        return complaints
    }
}

@Suite struct TelemetryModelTests {
    /// Lives of a client.
    private static let lives = 40
    /// Steps of a life.
    private static let steps = 40

    @Test func whateverFailsTheBackEndKnowsAllInTheEndAndNothingTwice() throws {
        for seed in 0..<UInt64(Self.lives) {
            let complaints = try Self.live(seed: seed)
            #expect(complaints == [], "seed \(seed)")
        }
    }

    /// One life; what is wrong with it.
    private static func live(seed: UInt64) throws -> [String] {
        var random = SplitMix(seed: seed)
        var limits = TelemetryLimits()
        limits.dependenciesPerEvent = Int.random(in: 1...4, using: &random)
        if Bool.random(using: &random) { limits.payloadBytes = 4_096 }
        var bench = Bench(["DD_TELEMETRY_EXTENDED_HEARTBEAT_INTERVAL": "400"], limits: limits)
        var (world, backEnd) = (World(), BackEnd())
        var complaints: [String] = []
        var lastSequence: UInt64 = 0
        func step(_ request: TelemetryRequest, isAccepted: Bool, _ productChanges: [String: Int]) throws {
            if request.sequence != lastSequence + 1 { complaints.append("numbers have a gap") }
            lastSequence = request.sequence
            if isAccepted { complaints += backEnd.accept(try Sent(request), productChanges: productChanges) }
            let answer = isAccepted ? HTTPAnswer.response(status: 202, body: []) : .failure("no")
            _ = bench.state.receive(answer, to: request, now: bench.now, random: 0.5)
        }
        let failing = Double.random(in: 0..<0.8, using: &random)
        for _ in 0..<steps {
            for _ in 0..<Int.random(in: 0..<4, using: &random) { world.change(&random, &bench.state) }
            bench.state.take(world.facts)
            try bench.beat()
            guard let request = bench.state.nextRequest(now: bench.now, time: Bench.time) else {
                complaints.append("nothing is due when it was said to be")
                continue
            }
            let productChanges = world.productChanges
            // Whatever changes while the request is under way is not taken for told.
            if Bool.random(using: &random) {
                world.change(&random, &bench.state)
                bench.state.take(world.facts)
            }
            try step(request, isAccepted: Double.random(in: 0..<1, using: &random) >= failing, productChanges)
        }
        bench.state.take(world.facts)
        bench.state.close()
        while let request = bench.state.nextRequest(now: bench.now, time: Bench.time) {
            try step(request, isAccepted: true, world.productChanges)
        }
        if backEnd.types.first != "app-started" { complaints.append("the start is not first") }
        if backEnd.types.last != "app-closing" { complaints.append("the end is not last") }
        for type in ["app-started", "app-closing"] where backEnd.types.count(where: { $0 == type }) != 1 {
            complaints.append("\(type) does not come once")
        }
        if bench.state.status.pending != 0 { complaints.append("something waits after the end") }
        return complaints + world.compare(backEnd)
    }
}
