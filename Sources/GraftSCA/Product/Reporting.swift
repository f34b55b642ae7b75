// Reporting.swift: the state, told.
//
// Owns the translation from what the product and the core know to the report. It changes nothing but the detections that
// it collects on the way. Neighbours: Report.swift is the model.

internal import Graft
private import GraftConfig

extension ProductState {
    /// Everything there is to know, now.
    mutating func report(readingPackages: Bool = false) -> Report {
        let infos = look(readingPackages: readingPackages)
        if readingPackages { learnPackages(ofAdvised: infos) }
        var targets = wantedTargets(infos)
        targets += faultReports(infos)
        let wanted = Set(targets.map(\.target))
        targets += history.targets.reversed().filter { !wanted.contains($0.target) }
        return Report(
            gate: gate, error: coreError?.description,
            configurations: configurations.values.sorted { $0.path < $1.path }, targets: targets,
            counters: counters.named.map { Report.Counter(name: $0.name, value: $0.value) } + ownCounters,
            refusedBy: counters.refusedBy.map { Report.Counter(name: $0.key.rawValue, value: $0.value) }
                .sorted { $0.name < $1.name })
    }

    /// The counters of the product.
    private var ownCounters: [Report.Counter] {
        [
            Report.Counter(name: "payloads_applied", value: payloadsApplied),
            Report.Counter(name: "payloads_partial", value: payloadsPartial),
            Report.Counter(name: "payloads_refused", value: payloadsRefused),
            Report.Counter(name: "starts_failed", value: startsFailed),
            Report.Counter(name: "removals_failed", value: removalsFailed),
            Report.Counter(name: "targets", value: UInt64(planner.count)),
            Report.Counter(name: "targets_not_affected", value: UInt64(planner.exclusions.count)),
            Report.Counter(name: "targets_forgotten", value: history.dropped),
            Report.Counter(name: "detections", value: UInt64(detections.count)),
            Report.Counter(name: "detections_dropped", value: detections.recordsDropped),
            Report.Counter(name: "advisories_dropped", value: detections.advisoriesDropped),
        ]
    }

    /// The targets that a configuration names, and those that could not be removed yet; by text.
    private func wantedTargets(_ infos: [Probe: ProbeInfo]) -> [Report.Target] {
        var targets: [String: Report.Target] = [:]
        for (_, subject) in lingering {
            targets[subject.target.text] = subject.last.changed(
                .installed, "removal: \(subject.problem?.code.rawValue ?? "")")
        }
        for refused in refusedTargets.values.joined() {
            targets[refused.text] = Report.Target(
                target: refused.text, state: .refused, reason: refused.error.description)
        }
        for (target, exclusion) in planner.exclusions {
            targets[target.text] = Report.Target(
                target: target.text, state: .notAffected, reason: exclusion.reason, mode: exclusion.demand.mode,
                advisories: exclusion.demand.advisories)
        }
        for (target, demand) in planner.demands { targets[target.text] = wanted(target, demand, infos) }
        return targets.values.sorted { $0.target < $1.target }
    }

    /// A target that is in force.
    private func wanted(_ target: Target, _ demand: Planner.Demand, _ infos: [Probe: ProbeInfo]) -> Report.Target {
        var report = Report.Target(
            target: target.text, state: .pending, mode: demand.mode, advisories: demand.advisories)
        guard let installed = installed[target] else {
            report.state = .refused
            report.reason = failed[target]?.description
            return report
        }
        report.mode = installed.mode
        (report.sampleEvery, report.maximumPerSecond) = (demand.share.sampleEvery, demand.share.maximumPerSecond)
        guard let info = infos[installed.probe] else { return report }
        report.state = Report.State(info.state)
        report.reason = installed.problem.map { "mode: \($0.code)" } ?? info.reason?.rawValue
        report.leftOut = info.leftOut
        report.entryPoints = info.entries.map { entryPoint($0, target: target) }
        return report
    }

    /// A target as the history shows it, by the last that was known of its probe.
    func removedTarget(_ target: Target, info: ProbeInfo?) -> Report.Target {
        var report = Report.Target(
            target: target.text, state: .removed, reason: "no longer configured", mode: installed[target]?.mode)
        report.entryPoints = (info?.entries ?? []).map { entry in
            var point = entryPoint(entry, target: target)
            if [.installed, .disarmed, .tripped].contains(point.state) { point.state = .removed }
            return point
        }
        return report
    }

    /// A function of a target.
    func entryPoint(_ info: EntryInfo, target: Target) -> Report.EntryPoint {
        let detection = detections.detection(target: target.text, entry: info.entry)
        return Report.EntryPoint(
            image: info.entry.image, buildID: info.entry.buildID, offset: info.entry.offset, symbol: info.entry.name,
            state: Report.State(info.state), reason: info.reason?.rawValue, hits: info.hits,
            firstCaller: detection?.firstCaller,
            package: detection?.package ?? packages.remembered(info.entry.image))
    }
}

extension Report.Target {
    /// The same target in another state.
    func changed(_ state: Report.State, _ reason: String) -> Report.Target {
        var target = self
        (target.state, target.reason) = (state, reason)
        return target
    }
}

extension Report.State {
    /// The state of the core in the report's words. A state of a later version is shown as pending: not decided.
    init(_ state: ProbeState) {
        switch state {
        case .pending, .unknown: self = .pending
        case .installed: self = .installed
        case .disarmed: self = .disarmed
        case .refused: self = .refused
        case .removed: self = .removed
        case .tripped: self = .tripped
        }
    }
}
