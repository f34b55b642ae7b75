// APMTracingState: every configuration that is in force, and what they come to together.
//
// Owns the complete set. A client brings changes only, and a merge of the changes alone would lose what did not change;
// so each merge is over everything that is held. Pure: no product, no lock, no clock. Neighbour: APMTracing.

/// The set of configurations and their merge.
struct APMTracingState: Sendable {
    /// A file that is held.
    private struct Held: Sendable {
        /// It.
        var file: APMTracingFile
        /// Grows with each change of a file: of two that matter equally the newer one counts.
        var age: UInt64
    }

    /// Who this process is.
    let identity: APMIdentity
    /// The local settings.
    let local: LibraryConfig
    /// The files by path.
    private var held: [String: Held] = [:]
    /// The last age.
    private var lastAge: UInt64 = 0
    /// Whether the set comes from the process that forked this one; the first delivery replaces it.
    private var isInherited = false
    /// Whether tracing was ever switched off remotely: that is for good.
    private var isTracingOff = false
    /// What Remote Configuration says, all in all.
    private(set) var remote = LibraryConfig()

    /// Without remote configurations.
    init(identity: APMIdentity, local: LibraryConfig) {
        self.identity = identity
        self.local = local
    }

    /// What holds.
    var settings: LibraryConfig {
        var settings = remote.overLocal(local)
        if isTracingOff { settings.tracingEnabled = false }
        return settings
    }

    /// Takes changes, removals first, and merges anew. One acknowledgement for each change, in the order of the changes.
    mutating func apply(_ changes: [APMTracingChange]) -> [APMTracingAcknowledgement] {
        if isInherited {
            held = [:]
            isInherited = false
        }
        for change in changes where change.content == nil && change.product == APMTracingChange.product {
            held[change.path] = nil
        }
        let acknowledgements = changes.map { take($0) }
        merge()
        return acknowledgements
    }

    /// Takes one change.
    private mutating func take(_ change: APMTracingChange) -> APMTracingAcknowledgement {
        do throws(ProductError) {
            guard change.product == APMTracingChange.product else {
                throw ProductError(.payload, "\(change.product) is not \(APMTracingChange.product)")
            }
            guard let content = change.content else {
                return APMTracingAcknowledgement(path: change.path, outcome: .removed)
            }
            let file = try APMTracingFile(content)
            try hold(file, change.path)
            let outcome = file.matches(identity) ? APMTracingAcknowledgement.Outcome.applied : .notForUs
            return APMTracingAcknowledgement(path: change.path, outcome: outcome, warnings: file.warnings)
        } catch {
            return APMTracingAcknowledgement(path: change.path, outcome: .refused(error.message))
        }
    }

    /// Keeps a file. The same one again stays as old as it is.
    private mutating func hold(_ file: APMTracingFile, _ path: String) throws(ProductError) {
        let before = held[path]
        guard before?.file != file else { return }
        guard before != nil || held.count < APMTracingLimits.files else {
            throw ProductError(.limit, "\(APMTracingLimits.files) configurations are held already")
        }
        lastAge += 1
        held[path] = Held(file: file, age: lastAge)
    }

    /// Works out what all files say together: for each field the one that matters most of those with an opinion.
    private mutating func merge() {
        let order = held.values.filter { $0.file.matches(identity) }.sorted {
            ($0.file.priority, $0.age) > ($1.file.priority, $1.age)
        }
        remote = order.reduce(LibraryConfig()) { $0.over($1.file.config) }
        if remote.tracingEnabled == false { isTracingOff = true }
    }

    /// What a child of a fork begins with: the same settings, until its own client brings a set.
    func inChild() -> APMTracingState {
        var child = self
        child.isInherited = true
        return child
    }
}
