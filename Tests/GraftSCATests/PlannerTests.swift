// PlannerTests: the difference between what was wanted and what is, by example and against a naive model.

import Graft
import GraftSCA
import GraftTestKit
import Testing

@Suite("The planner")
struct PlannerTests {
    /// A plain wish.
    private func wish(_ text: String, _ mode: Mode = .once, _ advisory: String? = nil) throws -> Wish {
        Wish(target: try Target(text), mode: mode, advisory: advisory.map { Advisory(id: $0) })
    }

    /// Follows every wish.
    private let all: (Wish) -> Verdict = { _ in .applies }

    @Test("installs what is new and removes what is gone")
    func difference() throws {
        var planner = Planner()
        let first = planner.replace("p", with: [try wish("a:f"), try wish("a:g")], verdict: all)
        #expect(first.install.map(\.text) == ["a:f", "a:g"])
        let second = planner.replace("p", with: [try wish("a:g"), try wish("a:h")], verdict: all)
        #expect(second.install.map(\.text) == ["a:h"])
        #expect(second.remove.map(\.text) == ["a:f"])
        #expect(second.setMode == [])
    }

    @Test("changes nothing when an update is repeated")
    func idempotent() throws {
        var planner = Planner()
        let wishes = [try wish("a:f"), try wish("a:g", .count, "A")]
        _ = planner.replace("p", with: wishes, verdict: all)
        #expect(planner.replace("p", with: wishes, verdict: all).isEmpty)
        #expect(planner.reconsider(wishes.map(\.target), verdict: all).isEmpty)
    }

    @Test("keeps a target until its last owner goes")
    func ownership() throws {
        var planner = Planner()
        _ = planner.replace("p", with: [try wish("a:f")], verdict: all)
        #expect(planner.replace("q", with: [try wish("a:f")], verdict: all).isEmpty)
        #expect(planner.replace("p", with: [], verdict: all).isEmpty)
        #expect(planner.replace("q", with: [], verdict: all).remove.map(\.text) == ["a:f"])
        #expect(planner.count == 0)
        #expect(planner.paths == [])
    }

    @Test("follows the strongest mode, up and down again")
    func modes() throws {
        var planner = Planner()
        let target = try Target("a:f")
        _ = planner.replace("p", with: [try wish("a:f", .once)], verdict: all)
        #expect(planner.replace("q", with: [try wish("a:f", .entryExit)], verdict: all).setMode == [target])
        #expect(planner.demands[target]?.mode == .entryExit)
        #expect(planner.replace("r", with: [try wish("a:f", .count)], verdict: all).isEmpty)
        #expect(planner.replace("q", with: [], verdict: all).setMode == [target])
        #expect(planner.demands[target]?.mode == .count)
    }

    @Test("follows the largest share, and installs anew for another one")
    func shares() throws {
        var planner = Planner()
        let target = try Target("a:f")
        let wish = { (mode: Mode, every: UInt32, most: UInt32) in
            [Wish(target: target, mode: mode, share: Share(sampleEvery: every, maximumPerSecond: most))]
        }
        _ = planner.replace("p", with: wish(.entry, 10, 100), verdict: all)
        #expect(planner.demands[target]?.share == Share(sampleEvery: 10, maximumPerSecond: 100))
        #expect(planner.replace("q", with: wish(.entry, 20, 50), verdict: all).isEmpty)
        let larger = planner.replace("q", with: wish(.entryExit, 5, 200), verdict: all)
        #expect(larger.remove == [target] && larger.install == [target] && larger.setMode == [])
        #expect(
            planner.demands[target]
                == Planner.Demand(
                    mode: .entryExit, share: Share(sampleEvery: 5, maximumPerSecond: 200), advisories: []))
        #expect(planner.replace("r", with: wish(.once, 1, 0), verdict: all).isEmpty)
        _ = planner.replace("r", with: wish(.entry, 1_000, 0), verdict: all)
        #expect(planner.demands[target]?.share == Share(sampleEvery: 5))
        _ = planner.replace("q", with: [], verdict: all)
        _ = planner.replace("p", with: [], verdict: all)
        #expect(planner.replace("r", with: wish(.count, 1, 0), verdict: all).install == [target])
    }

    @Test("orders the modes by how much they see")
    func strength() {
        #expect(Mode.allCases.sorted { $0.strength < $1.strength } == [.once, .count, .entry, .entryExit, .around])
    }

    @Test("merges the advisories of all wishes")
    func advisories() throws {
        var planner = Planner()
        let target = try Target("a:f")
        _ = planner.replace("p", with: [try wish("a:f", .once, "B"), try wish("a:f", .once, "A")], verdict: all)
        #expect(planner.replace("q", with: [try wish("a:f", .once, "C")], verdict: all).isEmpty)
        #expect(planner.demands[target]?.advisories == ["A", "B", "C"])
        _ = planner.replace("p", with: [], verdict: all)
        #expect(planner.demands[target]?.advisories == ["C"])
    }

    @Test("sets a target aside when no wish for it is to be followed, with the reason")
    func exclusion() throws {
        var planner = Planner()
        let target = try Target("a:f")
        let onlyB: (Wish) -> Verdict = { $0.advisory?.id == "B" ? .applies : .notAffected("too new") }
        #expect(planner.replace("p", with: [try wish("a:f", .count, "A")], verdict: onlyB).isEmpty)
        #expect(planner.exclusions[target]?.reason == "too new")
        #expect(planner.exclusions[target]?.demand == Planner.Demand(mode: .count, advisories: ["A"]))
        let plan = planner.replace("q", with: [try wish("a:f", .once, "B")], verdict: onlyB)
        #expect(plan.install == [target])
        #expect(planner.exclusions[target] == nil)
        #expect(planner.demands[target] == Planner.Demand(mode: .once, advisories: ["B"]))
        #expect(planner.reconsider([target]) { _ in .notAffected("all") }.remove == [target])
        #expect(planner.exclusions[target]?.demand.advisories == ["A", "B"])
        #expect(planner.reconsider([target], verdict: all).install == [target])
    }

    @Test("knows beforehand how many targets there will be")
    func count() throws {
        var planner = Planner()
        _ = planner.replace("p", with: [try wish("a:f"), try wish("a:g")], verdict: all)
        _ = planner.replace("q", with: [try wish("a:g"), try wish("a:h")], verdict: all)
        let next = [try wish("a:g"), try wish("a:i"), try wish("a:i", .count)]
        #expect(planner.count(replacing: "q", with: next) == 3)
        #expect(planner.count(replacing: "new", with: next) == 4)
        #expect(planner.count(replacing: "q", with: []) == 2)
    }

    @Test("agrees with a naive model in 10,000 random histories")
    func model() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        let targets = try (0..<6).map { try Target("a:f\($0)") }
        for history in 0..<10_000 {
            var planner = Planner()
            var model = NaivePlanner()
            for step in 0..<Int.random(in: 1...5, using: &random) {
                let path = "p\(Int.random(in: 0..<3, using: &random))"
                let wishes = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    Wish(
                        target: targets.randomElement(using: &random)!,
                        mode: Mode.allCases.randomElement(using: &random)!,
                        advisory: [nil, "A", "B", "C"].randomElement(using: &random)!.map { Advisory(id: $0) })
                }
                // A verdict that changes from step to step, as packages do when images are loaded.
                let refused = ["A", "B"].filter { _ in Bool.random(using: &random) }
                let verdict: (Wish) -> Verdict = { wish in
                    refused.contains(wish.advisory?.id ?? "") ? .notAffected(wish.advisory?.id ?? "") : .applies
                }
                var plan = planner.replace(path, with: wishes, verdict: verdict)
                let after = planner.reconsider(targets, verdict: verdict)
                plan.install += after.install
                plan.remove += after.remove
                plan.setMode += after.setMode
                model.carryOut(plan, demands: planner.demands)
                model.wishes[path] = wishes
                // Plain comparisons: an expectation for each of these steps would take most of the time.
                let agrees =
                    model.installed == model.expected(verdict)
                    && planner.demands.mapValues(\.mode) == model.installed
                    && planner.demands.mapValues(\.advisories) == model.advisories(verdict)
                    && planner.count == Set(model.wishes.values.joined().map(\.target)).count
                guard agrees && model.mistakes == 0 else {
                    Issue.record("seed \(seed), history \(history), step \(step): \(plan)")
                    return
                }
            }
        }
    }
}

/// What the planner must amount to, computed from everything each time.
private struct NaivePlanner {
    /// The wishes of each configuration.
    var wishes: [String: [Wish]] = [:]
    /// What the plans have installed so far, with its mode.
    var installed: [Target: Mode] = [:]
    /// Changes that the core would have refused.
    var mistakes = 0

    /// Carries out a plan as the core would: what is removed or switched must be there, what is installed must not.
    mutating func carryOut(_ plan: Planner.Plan, demands: [Target: Planner.Demand]) {
        for target in plan.remove where installed.removeValue(forKey: target) == nil { mistakes += 1 }
        for target in plan.install where installed.updateValue(demands[target]?.mode ?? .count, forKey: target) != nil {
            mistakes += 1
        }
        for target in plan.setMode where installed.updateValue(demands[target]?.mode ?? .count, forKey: target) == nil {
            mistakes += 1
        }
    }

    /// The wishes to follow.
    private func followed(_ verdict: (Wish) -> Verdict) -> [Target: [Wish]] {
        Dictionary(grouping: wishes.values.joined().filter { verdict($0) == .applies }, by: \.target)
    }

    /// What is to be installed.
    func expected(_ verdict: (Wish) -> Verdict) -> [Target: Mode] {
        let order: [Mode] = [.once, .count, .entry, .entryExit, .around]
        return followed(verdict).compactMapValues { list in order.last { mode in list.contains { $0.mode == mode } } }
    }

    /// The advisories of what is to be installed.
    func advisories(_ verdict: (Wish) -> Verdict) -> [Target: [String]] {
        followed(verdict).mapValues { Set($0.compactMap { $0.advisory?.id }).sorted() }
    }
}
