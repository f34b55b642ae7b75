// CarryingOut.swift: a plan, made true.
//
// Owns the start of the core, the one call that changes the instrumentation, and what is noted of its outcomes. Nothing
// that fails here is lost: it is tried again (Polling.swift) and shown (Reporting.swift).

internal import Graft

extension ProductState {
    /// What every probe of the product records beside its count: the first caller.
    private static let options: ProbeOptions = .caller

    /// Changes that go to the core in one call, each with the target that it is about.
    private struct Batch {
        /// The changes.
        var changes: [Change] = []
        /// Their targets.
        var targets: [Target] = []

        /// Adds a change.
        mutating func append(_ change: Change, for target: Target) {
            changes.append(change)
            targets.append(target)
        }
    }

    /// Carries out a plan.
    mutating func carryOut(_ plan: Planner.Plan) {
        guard !plan.isEmpty else { return }
        if !plan.install.isEmpty { startCore() }
        for target in plan.remove { failed[target] = nil }
        history.forget(Set(plan.install.map(\.text)))
        guard let instrumentation else {
            for target in plan.install { failed[target] = coreError }
            return
        }
        // What is removed is looked at a last time: its probe takes its counts with it.
        let last = plan.remove.isEmpty ? [:] : look(readingPackages: true)
        let batch = batch(plan)
        let outcomes = instrumentation.apply(batch.changes)
        var removed: [Report.Target] = []
        for (index, outcome) in outcomes.enumerated() {
            removed += note(outcome, of: batch.changes[index], target: batch.targets[index], last: last)
        }
        let again = Set(plan.install.map(\.text))
        history.add(removed.filter { !again.contains($0.target) })
        detections.settle(Set(plan.remove.map(\.text)))
    }

    /// Starts the core, unless it runs.
    mutating func startCore() {
        guard instrumentation == nil else { return }
        do throws(GraftError) {
            instrumentation = try start()
            coreError = nil
        } catch {
            startsFailed += 1
            coreError = error
        }
    }

    /// The changes of a plan: removals first, so that a full registry has room for what comes.
    private func batch(_ plan: Planner.Plan) -> Batch {
        var batch = Batch()
        var removed: Set<Target> = []
        for target in plan.remove where removed.insert(target).inserted {
            if let probe = installed[target]?.probe { batch.append(.remove(probe), for: target) }
        }
        for target in plan.setMode where !removed.contains(target) {
            guard let probe = installed[target]?.probe, let demand = planner.demands[target] else { continue }
            batch.append(.setMode(probe, demand.mode), for: target)
        }
        var added: Set<Target> = []
        for target in plan.install where installed[target] == nil || removed.contains(target) {
            guard let demand = planner.demands[target], added.insert(target).inserted else { continue }
            let request = ProbeRequest(
                target: target, mode: demand.mode, options: Self.options, sampleEvery: demand.share.sampleEvery,
                maximumPerSecond: demand.share.maximumPerSecond)
            batch.append(.install(request), for: target)
        }
        return batch
    }

    /// Notes what became of one change; gives what the history is to remember of it.
    private mutating func note(
        _ outcome: Outcome, of change: Change, target: Target, last: [Probe: ProbeInfo]
    ) -> [Report.Target] {
        switch change {
        case .install(let request):
            failed[target] = outcome.error
            guard outcome.error == nil, let probe = outcome.probe else { return [] }
            installed[target] = Installed(probe: probe, mode: request.mode)
            return []
        case .setMode(_, let mode):
            installed[target]?.problem = outcome.error
            if outcome.error == nil { installed[target]?.mode = mode }
            return []
        case .remove(let probe):
            let report = removedTarget(target, info: last[probe])
            installed[target] = nil
            return noteRemoval(of: probe, Lingering(target: target, last: report, problem: nil), outcome.error)
        }
    }

    /// Notes whether a probe is gone, and keeps it for another try when it is not; gives what to remember.
    private mutating func noteRemoval(
        of probe: Probe, _ subject: Lingering, _ error: GraftError?
    ) -> [Report.Target] {
        guard let error, error.code != .noSuchProbe else {
            lingering[probe] = nil
            return [subject.last]
        }
        if lingering[probe] == nil { removalsFailed += 1 }
        lingering[probe] = subject
        lingering[probe]?.problem = error
        return []
    }
}

// MARK: Another try

extension ProductState {
    /// Adds the targets that could not be installed, or not switched, to a plan.
    mutating func retryFailed(into plan: inout Planner.Plan) {
        let planned = Set(plan.install + plan.setMode)
        plan.install += failed.keys.filter { !planned.contains($0) && planner.demands[$0] != nil }.sorted()
        plan.setMode += installed.filter { target, probe in
            probe.problem != nil && !planned.contains(target) && planner.demands[target] != nil
        }.keys.sorted()
    }

    /// Tries again to remove what could not be removed.
    mutating func retryRemovals() {
        guard let instrumentation, !lingering.isEmpty else { return }
        let subjects = lingering.sorted { $0.key.id < $1.key.id }
        let outcomes = instrumentation.apply(subjects.map { .remove($0.key) })
        let removed = zip(subjects, outcomes).flatMap { noteRemoval(of: $0.key, $0.value, $1.error) }
        history.add(removed)
    }
}

// MARK: The end

extension ProductState {
    /// Removes everything, stops the core, and remembers what was there.
    mutating func stop() {
        guard !stopped else { return }
        stopped = true
        if instrumentation != nil {
            for path in planner.paths.sorted() { carryOut(plan { $0.replace(path, with: [], verdict: $1) }) }
            faults.wanted = [:]
            carryOutFaults()
            retryRemovals()
            counters = (try? instrumentation?.snapshot().counters) ?? counters
            instrumentation?.stop()
        }
        instrumentation = nil
        (configurations, refusedTargets, failed) = ([:], [:], [:])
        // The last stop of the core restores every byte that could not be restored before.
        history.add(lingering.values.map(\.last).sorted { $0.target < $1.target })
        lingering = [:]
    }
}
