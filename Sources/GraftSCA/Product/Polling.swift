// Polling.swift: what has happened meanwhile.
//
// Owns the look at the core's snapshot, from which detections are collected, and the order of a poll.

internal import Graft

extension ProductState {
    /// One look at the world.
    mutating func poll() {
        guard !stopped, gate.isOpen else { return }
        if retry.isDue() {
            retryRemovals()
            var plan = Planner.Plan()
            retryFailed(into: &plan)
            carryOut(plan)
        }
        guard instrumentation != nil else { return }
        judgeAgain(look(readingPackages: true))
    }

    /// The detections, as of now.
    mutating func collectedDetections() -> [Detection] {
        _ = look(readingPackages: false)
        return detections.detections
    }

    /// Takes a snapshot, collects detections from it, and gives the core's view of each probe.
    mutating func look(readingPackages: Bool) -> [Probe: ProbeInfo] {
        guard let snapshot = snapshot() else { return [:] }
        let infos = Dictionary(snapshot.probes.map { ($0.probe, $0) }) { first, _ in first }
        collect(infos, readingPackages: readingPackages)
        return infos
    }

    /// A snapshot of the core; nil while it does not run, or when it cannot say.
    mutating func snapshot() -> Snapshot? {
        guard let instrumentation else { return nil }
        do throws(GraftError) {
            let snapshot = try instrumentation.snapshot()
            coreError = nil
            counters = snapshot.counters
            return snapshot
        } catch {
            coreError = error
            return nil
        }
    }

    /// Collects detections.
    mutating func collect(_ infos: [Probe: ProbeInfo], readingPackages: Bool) {
        detections.begin()
        let instrumentation = instrumentation
        if readingPackages { learnPackages(ofReached: infos) }
        for (target, installed) in installed {
            guard let info = infos[installed.probe], info.hits > 0 else { continue }
            let advisories = planner.demands[target]?.advisories ?? []
            for entry in info.entries {
                detections.observe(
                    target: target.text, info: entry, advisories: advisories,
                    caller: { $0.frames.first.flatMap { instrumentation?.symbolise($0 &- 1) } },
                    package: { readingPackages ? packages.package(of: $0) : packages.remembered($0) })
            }
        }
    }

    /// Learns the packages of all reached functions' images, at once rather than one by one.
    private mutating func learnPackages(ofReached infos: [Probe: ProbeInfo]) {
        let reached = installed.values.compactMap { infos[$0.probe] }.filter { $0.hits > 0 }
        learnPackages(ofImages: Set(reached.flatMap { $0.entries.lazy.filter { $0.hits > 0 }.map(\.entry.image) }))
    }

    /// Learns the packages of the images of all functions that advisories name.
    mutating func learnPackages(ofAdvised infos: [Probe: ProbeInfo]) {
        let advised = installed.filter { planner.demands[$0.key]?.advisories.isEmpty == false }
        learnPackages(
            ofImages: Set(advised.values.compactMap { infos[$0.probe] }.flatMap { $0.entries.map(\.entry.image) }))
    }

    /// Learns the packages of these images, as far as they were not asked for yet.
    private mutating func learnPackages(ofImages images: Set<String>) {
        let new = images.filter { !packages.hasAsked($0) }
        guard !new.isEmpty else { return }
        let now = world.images()
        for image in new where now.isReplaced(image) { packages.setUnknown(image) }
        packages.learn(new)
    }
}
