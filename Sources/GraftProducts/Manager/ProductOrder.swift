// ProductOrder: from requirements to an order, or to the reason why there is none.
//
// Owns the topological sort and the three ways in which it can fail, which it keeps apart: a cycle, a requirement that
// nobody registered, and a requirement that is refused itself. Pure: names in, names out. Neighbour: ProductLedger.

/// The order in which products start.
package struct ProductOrder: Sendable, Equatable {
    /// A product as the sort sees it.
    package struct Node: Sendable, Equatable {
        /// Its name; unique.
        package var name: String
        /// Whom it requires.
        package var requires: [String]

        /// A node with these parts.
        package init(_ name: String, requires: [String] = []) {
            self.name = name
            self.requires = requires
        }
    }

    /// Those that can start: each after all that it requires, and otherwise in the order of registration.
    package private(set) var names: [String] = []
    /// Those that cannot, each with the reason.
    package private(set) var refused: [String: ProductStatus.State] = [:]

    /// Sorts. Takes time in proportion to products times requirements.
    package init(_ nodes: [Node]) {
        let requires = Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, $0.requires) })
        for node in nodes { refused[node.name] = Self.flaw(of: node, requires) }
        spreadRefusals(nodes)
        sort(nodes.filter { refused[$0.name] == nil })
    }

    /// What is wrong with a product's own requirements; nil when nothing is.
    private static func flaw(of node: Node, _ requires: [String: [String]]) -> ProductStatus.State? {
        if let cycle = cycle(through: node.name, requires) { return .cyclic(cycle) }
        return node.requires.first { requires[$0] == nil }.map(ProductStatus.State.unknownRequirement)
    }

    /// The shortest way from a product back to itself, beginning with it; nil when there is none.
    private static func cycle(through name: String, _ requires: [String: [String]]) -> [String]? {
        var cameFrom: [String: String] = [:]
        var queue = [name][...]
        while let current = queue.popFirst() {
            for next in requires[current] ?? [] where requires[next] != nil {
                if next == name {
                    var way = [current]
                    while let last = way.last, last != name, let before = cameFrom[last] { way.append(before) }
                    return way.reversed()
                }
                guard cameFrom[next] == nil else { continue }
                cameFrom[next] = current
                queue.append(next)
            }
        }
        return nil
    }

    /// Refuses whoever requires somebody refused.
    private mutating func spreadRefusals(_ nodes: [Node]) {
        var isChanging = true
        while isChanging {
            isChanging = false
            for node in nodes where refused[node.name] == nil {
                guard let missing = node.requires.first(where: { refused[$0] != nil }) else { continue }
                refused[node.name] = .failedRequirement(missing)
                isChanging = true
            }
        }
    }

    /// Puts products in order that have neither cycles nor missing requirements.
    private mutating func sort(_ nodes: [Node]) {
        var placed: Set<String> = []
        var left = nodes
        while let ready = left.firstIndex(where: { $0.requires.allSatisfy(placed.contains) }) {
            let node = left.remove(at: ready)
            placed.insert(node.name)
            names.append(node.name)
        }
        assert(left.isEmpty, "what has no cycle has a beginning")
    }
}
