// ProductState.swift: what the product knows.
//
// Owns the fields; they are read and written under SCAProduct's lock only. What happens to them is in the extensions:
// Applying.swift takes updates in, CarryingOut.swift changes the instrumentation, Polling.swift looks at the world again,
// Reporting.swift tells.

internal import Graft
private import GraftConfig

/// The state of the product.
struct ProductState: Sendable {
    /// A probe of this product.
    struct Installed: Sendable {
        /// The probe.
        var probe: Probe
        /// What it does, as far as the core has agreed.
        var mode: Mode
        /// Why the last change of it could not be made; nil when it could.
        var problem: GraftError?
    }

    /// A probe that nobody wants any more and that could not be removed yet.
    struct Lingering: Sendable {
        /// Its target.
        var target: Target
        /// What the report is to say of it, once it is gone.
        var last: Report.Target
        /// Why it is still there.
        var problem: GraftError?
    }

    /// Whether the product may do anything.
    let gate: Gate
    /// The machine.
    let world: World
    /// How to start the core.
    let start: SCAProduct.Starter

    /// Whether `stop` has been called.
    var stopped = false
    /// The core; nil until it is needed.
    var instrumentation: (any Instrumenting)?
    /// Why the core could not be started or asked, the last time.
    var coreError: GraftError?

    /// The configurations, by path.
    var configurations: [String: Report.Configuration] = [:]
    /// The targets that each configuration names wrongly.
    var refusedTargets: [String: [Payload.RefusedTarget]] = [:]
    /// Who wants what.
    var planner = Planner()

    /// The probes, by target.
    var installed: [Target: Installed] = [:]
    /// The targets that could not be installed, with the reason.
    var failed: [Target: GraftError] = [:]
    /// The probes that could not be removed.
    var lingering: [Probe: Lingering] = [:]
    /// The faults.
    var faults = Faults()
    /// When to try again.
    var retry = Backoff()

    /// The packages of images.
    var packages: ImagePackages
    /// The images of the process, when they were last looked at.
    var images = LoadedImages()
    /// The images that each conditional target really matched, as far as it was ever installed.
    var seen: [Target: [String]] = [:]
    /// The images by which each conditional target was last judged.
    var judged: [Target: [String]] = [:]

    /// What was reached.
    var detections = DetectionLog()
    /// The targets that are gone.
    var history = RemovedTargets()
    /// The core's counters, when they were last seen.
    var counters = Counters()
    /// Updates that were applied, also in part.
    var payloadsApplied: UInt64 = 0
    /// Updates that were applied in part.
    var payloadsPartial: UInt64 = 0
    /// Updates that were refused.
    var payloadsRefused: UInt64 = 0
    /// Tries to start the core that failed.
    var startsFailed: UInt64 = 0
    /// Probes that could not be removed when they were to be.
    var removalsFailed: UInt64 = 0

    /// A product that has done nothing yet. Nothing is read here.
    init(gate: Gate, world: World, start: @escaping SCAProduct.Starter) {
        self.gate = gate
        self.world = world
        self.start = start
        packages = ImagePackages(root: world.root)
    }
}

/// When to try something again: after one poll, two, four, up to a limit.
struct Backoff: Sendable {
    /// Polls to wait for the next try.
    private var wait = 1
    /// Polls between the last two tries.
    private var delay = 1

    /// Counts one poll; true when it is time to try.
    mutating func isDue() -> Bool {
        wait -= 1
        guard wait <= 0 else { return false }
        delay = min(delay * 2, ProductLimits.retryPolls)
        wait = delay
        return true
    }
}

/// The targets that were removed, the newest last, bounded.
struct RemovedTargets: Sendable {
    /// The targets, as the report shows them.
    private(set) var targets: [Report.Target] = []
    /// Those that had to make room.
    private(set) var dropped: UInt64 = 0

    /// Remembers targets; older memories of them go, and then the oldest ones that there is no room for.
    mutating func add(_ new: [Report.Target]) {
        forget(Set(new.map(\.target)))
        targets += new
        let excess = targets.count - ProductLimits.history
        guard excess > 0 else { return }
        dropped += UInt64(excess)
        targets.removeFirst(excess)
    }

    /// Forgets targets that are wanted again.
    mutating func forget(_ texts: Set<String>) {
        guard !targets.isEmpty, !texts.isEmpty else { return }
        targets.removeAll { texts.contains($0.target) }
    }
}
