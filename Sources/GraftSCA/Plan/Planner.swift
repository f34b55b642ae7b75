// Planner.swift: who wants what, and so what has to change.
//
// Owns the wishes of every configuration and the set of targets in force. Pure: it is told of a change and answers with
// the difference; the product carries it out. A target is owned by every configuration that wishes for it: it is
// installed once, with the strongest mode and the advisories of all, and removed when the last wish goes. Repeating an
// update changes nothing. Neighbours: Payload.swift, Affected.swift, SCAProduct.swift.

package import Graft

/// The wishes of all configurations, merged.
package struct Planner: Sendable {
    /// What is asked for one target, by all that follow-worthy wishes say.
    package struct Demand: Hashable, Sendable {
        /// The strongest mode.
        package var mode: Mode
        /// The largest share of its calls; all in the modes that have none.
        package var share: Share
        /// The identifiers of the advisories, sorted.
        package var advisories: [String]

        /// A demand with these parts.
        package init(mode: Mode, share: Share = .all, advisories: [String]) {
            self.mode = mode
            self.share = share
            self.advisories = advisories
        }
    }

    /// A target whose wishes are all set aside.
    package struct Exclusion: Hashable, Sendable {
        /// Why.
        package var reason: String
        /// What would be asked for it.
        package var demand: Demand
    }

    /// What has to change, each part sorted by target.
    package struct Plan: Hashable, Sendable {
        /// Targets that nobody wants any more, and those of which another share is wanted: they are installed anew.
        package var remove: [Target] = []
        /// Targets whose mode is another now.
        package var setMode: [Target] = []
        /// Targets that are new, or installed anew.
        package var install: [Target] = []

        /// Whether nothing has to change.
        package var isEmpty: Bool { remove.isEmpty && setMode.isEmpty && install.isEmpty }
    }

    /// The wishes, by target and then by configuration.
    private var wishes: [Target: [String: [Wish]]] = [:]
    /// The targets of each configuration.
    private var targets: [String: Set<Target>] = [:]
    /// The targets in force.
    package private(set) var demands: [Target: Demand] = [:]
    /// The targets that are wished for but set aside.
    package private(set) var exclusions: [Target: Exclusion] = [:]
    /// The targets that have a wish with a condition.
    package private(set) var conditional: Set<Target> = []

    /// No wishes.
    package init() {}
}

extension Planner {
    /// The configurations that wish for something.
    package var paths: Set<String> { Set(targets.keys) }

    /// The targets that the configuration at `path` wishes for.
    package func targets(of path: String) -> Set<Target> { targets[path] ?? [] }

    /// How many targets are wished for.
    package var count: Int { wishes.count }

    /// How many targets there would be if the configuration at `path` wished for these.
    package func count(replacing path: String, with new: [Wish]) -> Int {
        let old = targets[path] ?? []
        let next = Set(new.map(\.target))
        let freed = old.subtracting(next).count { wishes[$0]?.count == 1 }
        return wishes.count - freed + next.count { wishes[$0] == nil }
    }

    /// Replaces the wishes of the configuration at `path`; none is its removal.
    package mutating func replace(_ path: String, with new: [Wish], verdict: (Wish) -> Verdict) -> Plan {
        var touched = targets.removeValue(forKey: path) ?? []
        for target in touched {
            wishes[target]?.removeValue(forKey: path)
            if wishes[target]?.isEmpty == true { wishes[target] = nil }
        }
        for wish in new { wishes[wish.target, default: [:]][path, default: []].append(wish) }
        let next = Set(new.map(\.target))
        if !next.isEmpty { targets[path] = next }
        touched.formUnion(next)
        return reconsider(touched, verdict: verdict)
    }

    /// Merges the wishes for these targets anew.
    package mutating func reconsider(_ touched: some Sequence<Target>, verdict: (Wish) -> Verdict) -> Plan {
        var plan = Plan()
        for target in touched.sorted() {
            let old = demands[target]
            let (demand, exclusion) = merge(target, verdict: verdict)
            demands[target] = demand
            exclusions[target] = exclusion
            if isConditional(target) { conditional.insert(target) } else { conditional.remove(target) }
            switch (old, demand) {
            case (nil, nil): continue
            case (nil, .some): plan.install.append(target)
            case (.some, nil): plan.remove.append(target)
            case (let old?, let new?) where old.share != new.share:
                plan.remove.append(target)
                plan.install.append(target)
            case (let old?, let new?): if old.mode != new.mode { plan.setMode.append(target) }
            }
        }
        return plan
    }

    /// Whether a target has a wish with a condition.
    private func isConditional(_ target: Target) -> Bool {
        wishes[target]?.values.contains { $0.contains { $0.advisory?.isConditional == true } } == true
    }

    /// What all wishes for a target amount to: a demand, an exclusion, or neither when nobody wishes for it.
    private func merge(_ target: Target, verdict: (Wish) -> Verdict) -> (Demand?, Exclusion?) {
        var followed: [Wish] = []
        var setAside: [Wish] = []
        var reason: String?
        for (_, list) in (wishes[target] ?? [:]).sorted(by: { $0.key < $1.key }) {
            for wish in list {
                switch verdict(wish) {
                case .applies: followed.append(wish)
                case .notAffected(let text):
                    setAside.append(wish)
                    reason = reason ?? text
                }
            }
        }
        if let demand = Demand(merging: followed) { return (demand, nil) }
        guard let reason, let demand = Demand(merging: setAside) else { return (nil, nil) }
        return (nil, Exclusion(reason: reason, demand: demand))
    }
}

extension Planner.Demand {
    /// The strongest mode and all advisories of these wishes; nil when there are none.
    package init?(merging wishes: [Wish]) {
        guard let mode = wishes.map(\.mode).max(by: { $0.strength < $1.strength }) else { return nil }
        let shares = wishes.filter(\.mode.hasShare).map(\.share)
        self.init(
            mode: mode, share: shares.dropFirst().reduce(shares.first ?? .all) { $0.merged(with: $1) },
            advisories: Set(wishes.compactMap(\.advisory?.id)).sorted())
    }
}

extension Mode {
    /// Whether more is done than to count, at each call, so that it may be done at some.
    package var hasShare: Bool { self == .entry || self == .entryExit }

    /// How much a mode sees. Where wishes differ, the one that sees most serves all: exits, then entries, then every
    /// call, then the first call only.
    package var strength: Int {
        switch self {
        case .once: 0
        case .count: 1
        case .entry: 2
        case .entryExit: 3
        case .around: 4
        }
    }
}
