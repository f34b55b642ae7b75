// Standings.swift: how far configurations are in force, by what the core says now.
//
// Owns the look from a configuration to its targets. Neighbours: Report/Standing.swift is the value, Reporting.swift tells
// the whole of the state.

internal import Graft

extension ProductState {
    /// How far these configurations are in force; those that the product does not know are left out.
    mutating func standings(of paths: some Sequence<String>) -> [String: Standing] {
        let infos = look(readingPackages: false)
        var standings: [String: Standing] = [:]
        for path in paths {
            guard let configuration = configurations[path] else { continue }
            let targets = planner.targets(of: path)
            let unresolved = targets.sorted().compactMap { obstacle(to: $0, infos) }
            standings[path] = Standing(
                state: configuration.state, errors: configuration.errors,
                targets: targets.count + (refusedTargets[path]?.count ?? 0), unresolvedTargets: unresolved.count,
                unresolved: Array(unresolved.prefix(Standing.namedTargets)))
        }
        return standings
    }

    /// What keeps a target from being instrumented; nil when nothing does, or when it concerns no installed package.
    private func obstacle(to target: Target, _ infos: [Probe: ProbeInfo]) -> Standing.Unresolved? {
        guard planner.demands[target] != nil else { return nil }
        guard let installed = installed[target] else {
            return Standing.Unresolved(target: target.text, state: .refused, reason: failed[target]?.description)
        }
        guard let info = infos[installed.probe] else { return nil }
        let state = Report.State(info.state)
        guard [.pending, .refused, .tripped].contains(state) else { return nil }
        return Standing.Unresolved(target: target.text, state: state, reason: info.reason?.rawValue)
    }
}
