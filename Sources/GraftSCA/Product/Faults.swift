// Faults.swift: the faults of all configurations, and the probes that they are.
//
// Owns which configuration asks for which fault, and the difference between that and what is installed. A fault that two
// configurations ask for is one probe; of two different ones on one function the core takes the first. Neighbours:
// Applying.swift tells it of updates, Reporting.swift shows it.

internal import Graft
private import GraftConfig

/// The faults that are asked for and those that are installed.
struct Faults: Sendable {
    /// What each configuration asks for.
    var wanted: [String: [Fault]] = [:]
    /// The probes.
    var installed: [Fault: Probe] = [:]
    /// Why a fault could not be installed.
    var failed: [Fault: GraftError] = [:]

    /// All that is asked for, once each, in the order of paths and of their texts.
    var all: [Fault] {
        var seen: Set<Fault> = []
        return wanted.sorted { $0.key < $1.key }.flatMap(\.value).filter { seen.insert($0).inserted }
    }
}

extension ProductState {
    /// Makes the probes those that are asked for. What could not be installed is tried again with each update.
    mutating func carryOutFaults() {
        let all = faults.all
        let kept = Set(all)
        faults.failed = faults.failed.filter { kept.contains($0.key) }
        let old = faults.installed.filter { !kept.contains($0.key) }.sorted { $0.value.id < $1.value.id }
        let new = all.filter { faults.installed[$0] == nil }
        guard !old.isEmpty || !new.isEmpty else { return }
        if !new.isEmpty { startCore() }
        guard let instrumentation else {
            for fault in new { faults.failed[fault] = coreError }
            return
        }
        for (fault, outcome) in zip(old.map(\.key), instrumentation.apply(old.map { .remove($0.value) }))
        where outcome.error == nil || outcome.error?.code == .noSuchProbe {
            faults.installed[fault] = nil
        }
        for (fault, outcome) in zip(new, instrumentation.apply(new.map { .install($0.request) })) {
            faults.failed[fault] = outcome.error
            faults.installed[fault] = outcome.error == nil ? outcome.probe : nil
        }
    }

    /// The faults, as the report shows them.
    func faultReports(_ infos: [Probe: ProbeInfo]) -> [Report.Target] {
        faults.all.map { fault in
            var report = Report.Target(target: fault.target.text, state: .pending, mode: .around)
            guard let probe = faults.installed[fault] else {
                report.state = .refused
                report.reason = faults.failed[fault]?.description
                return report
            }
            guard let info = infos[probe] else { return report }
            report.state = Report.State(info.state)
            report.reason = info.reason?.rawValue
            report.entryPoints = info.entries.map { entryPoint($0, target: fault.target) }
            return report
        }
    }
}
