// Judging.swift: whether the advisories of a target concern the packages of its images.
//
// Owns the choice of the images that a target means: those that it matched, once the core has resolved it, and before
// that those that its text may mean. A target is judged again when they change. Neighbours: Affected.swift is the rule,
// LoadedImages.swift and ImagePackages.swift know the facts.

internal import Graft

extension ProductState {
    /// Learns the packages of all images that these conditional targets mean, at once rather than one by one.
    mutating func learnPackages(of targets: some Sequence<Target>) {
        packages.learn(targets.flatMap { means($0) })
    }

    /// A change of the planner, which asks for verdicts on the way.
    mutating func plan(_ change: (inout Planner, (Wish) -> Verdict) -> Planner.Plan) -> Planner.Plan {
        // Taken out meanwhile: a verdict changes this state too, and remembers the packages it has looked up.
        var planner = Planner()
        swap(&planner, &self.planner)
        defer { swap(&planner, &self.planner) }
        return change(&planner) { wish in verdict(wish) }
    }

    /// Whether to follow a wish.
    private mutating func verdict(_ wish: Wish) -> Verdict {
        guard wish.advisory?.isConditional == true else { return .applies }
        let means = means(wish.target)
        judged[wish.target] = means
        // Of a file that was replaced after it had been loaded, the database knows the new version only.
        return wish.verdict(images: means) { images.isReplaced($0) ? nil : packages.package(of: $0) }
    }

    /// The images that a target means, as far as is known.
    private func means(_ target: Target) -> [String] {
        seen[target] ?? images.matching(target: target.text)
    }

    /// Judges again the targets whose images are others than the last time.
    mutating func judgeAgain(_ infos: [Probe: ProbeInfo]) {
        let conditional = planner.conditional
        guard !conditional.isEmpty else {
            (seen, judged) = ([:], [:])
            return
        }
        var again = lookAtImages() ? conditional : []
        for target in conditional where see(target, infos) { again.insert(target) }
        if judged.count > conditional.count {
            seen = seen.filter { conditional.contains($0.key) }
            judged = judged.filter { conditional.contains($0.key) }
        }
        again = again.filter { judged[$0] != means($0) }
        guard !again.isEmpty else { return }
        learnPackages(of: again)
        carryOut(plan { $0.reconsider(again, verdict: $1) })
    }

    /// Looks at the images of the process again; whether they are others than before.
    @discardableResult
    mutating func lookAtImages() -> Bool {
        let now = world.images()
        guard now != images else { return false }
        images = now
        // What was set aside by what it matched then: an image that has been loaded since may be another matter.
        seen = seen.filter { installed[$0.key] != nil }
        return true
    }

    /// Notes which images a target has matched; whether they are others than before.
    private mutating func see(_ target: Target, _ infos: [Probe: ProbeInfo]) -> Bool {
        let entries = installed[target].flatMap { infos[$0.probe] }?.entries ?? []
        guard !entries.isEmpty else { return false }
        let images = Set(entries.map(\.entry.image)).sorted()
        defer { seen[target] = images }
        return seen[target] != images
    }
}
