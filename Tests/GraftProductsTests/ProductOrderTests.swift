// ProductOrderTests: orders of random requirements, against the plainest statement of what an order is.

import GraftProducts
import GraftTestKit
import Testing

@Suite("The order of products")
struct ProductOrderTests {
    /// Random products: each requires a few, mostly of those before it.
    private func nodes(_ random: inout SplitMix, cycles: Bool, ghosts: Bool) -> [ProductOrder.Node] {
        let count = Int.random(in: 1...12, using: &random)
        let ranks = Array(0..<count).shuffled(using: &random)
        return (0..<count).map { index in
            var requires = (0..<count).filter { ranks[$0] < ranks[index] && Int.random(in: 0..<4, using: &random) == 0 }
                .map { "p\($0)" }
            if cycles, Int.random(in: 0..<8, using: &random) == 0 {
                requires.append("p\(Int.random(in: 0..<count, using: &random))")
            }
            if ghosts, Int.random(in: 0..<10, using: &random) == 0 { requires.append("ghost") }
            return ProductOrder.Node("p\(index)", requires: requires.shuffled(using: &random))
        }
    }

    /// Everybody whom a product requires, directly or not, by the plainest of ways.
    private func closure(_ nodes: [ProductOrder.Node]) -> [String: Set<String>] {
        var closure = Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, Set($0.requires)) })
        for _ in nodes {
            for node in nodes { for name in closure[node.name]! { closure[node.name]!.formUnion(closure[name] ?? []) } }
        }
        return closure
    }

    @Test("respects every requirement and refuses exactly those that need a cycle or a stranger")
    func random() {
        var random = SplitMix(seed: 4)
        for round in 0..<2_000 {
            let nodes = nodes(&random, cycles: round % 2 == 1, ghosts: round % 3 == 2)
            let closure = closure(nodes)
            let cyclic = Set(nodes.map(\.name).filter { closure[$0]!.contains($0) })
            let order = ProductOrder(nodes)
            for node in nodes {
                let needs = closure[node.name]!
                let isLost = cyclic.contains(node.name) || !needs.isDisjoint(with: cyclic) || needs.contains("ghost")
                #expect(order.names.contains(node.name) == !isLost, "round \(round): \(node)")
                #expect((order.refused[node.name] != nil) == isLost)
                check(order.refused[node.name], of: node, cyclic, order)
            }
            for (index, name) in order.names.enumerated() {
                #expect(closure[name]!.isSubset(of: order.names[..<index]), "round \(round)")
            }
            #expect(Set(order.names).count == order.names.count)
        }
    }

    /// The reason for a refusal is the true one.
    private func check(
        _ state: ProductStatus.State?, of node: ProductOrder.Node, _ cyclic: Set<String>, _ order: ProductOrder
    ) {
        switch state {
        case .cyclic(let names):
            #expect(names.first == node.name && cyclic.isSuperset(of: names))
        case .unknownRequirement(let name): #expect(name == "ghost" && node.requires.contains(name))
        case .failedRequirement(let name): #expect(node.requires.contains(name) && order.refused[name] != nil)
        case nil: #expect(!cyclic.contains(node.name))
        default: Issue.record("\(node.name) is \(state!.slug)")
        }
    }

    @Test("cuts exactly the dependants of products whose start fails")
    func failures() throws {
        var random = SplitMix(seed: 5)
        for round in 0..<300 {
            let nodes = nodes(&random, cycles: false, ghosts: false)
            let broken = Set(nodes.map(\.name).filter { _ in Int.random(in: 0..<4, using: &random) == 0 })
            let calls = Calls()
            let manager = try ProductManager(
                nodes.map {
                    Recorder(
                        name: $0.name, requires: $0.requires, breaks: broken.contains($0.name) ? ["start"] : [],
                        calls: calls)
                })
            manager.start()
            let closure = closure(nodes)
            let running = nodes.map(\.name).filter { closure[$0]!.union([$0]).isDisjoint(with: broken) }
            #expect(
                manager.status.filter { $0.state == .running }.map(\.name).sorted() == running.sorted(),
                "round \(round)")
            let started = calls.names("start").filter { !broken.contains($0) }
            manager.stop()
            #expect(calls.names("stop") == started.reversed(), "round \(round)")
        }
    }

    @Test("finds the shortest cycle through each of its members")
    func shortest() {
        let order = ProductOrder([
            .init("a", requires: ["b"]), .init("b", requires: ["c", "a"]), .init("c", requires: ["a"]),
        ])
        #expect(order.refused["a"] == .cyclic(["a", "b"]))
        #expect(order.refused["c"] == .cyclic(["c", "a", "b"]))
        #expect(order.names == [])
    }
}
