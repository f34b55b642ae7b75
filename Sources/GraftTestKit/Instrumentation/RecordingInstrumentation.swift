// RecordingInstrumentation.swift: the core's role, played from a script.
//
// Owns probes that patch nothing: what a target resolves to, what is refused and what is hit, a test says; every batch of
// changes is recorded. It keeps the rules of the core's states, so that code over it behaves as over the real one.
// Neighbours: RecordedScript.swift is what the test says, RecordedState.swift plays it, Graft's Instrumentation is the real
// one.

public import Graft
private import Synchronization

/// Instrumentation that records what it is asked and answers from a script.
///
/// ```swift
/// let instrumentation = RecordingInstrumentation()
/// instrumentation.load("libpq.so.5:PQexec", [EntryPoint(offset: 0x10, image: "/lib/libpq.so.5", symbol: "PQexec")])
/// let product = SCAProduct(gate: gate) { () throws(GraftError) in instrumentation }
/// …
/// instrumentation.hit("libpq.so.5:PQexec", from: 0x4000)
/// ```
public final class RecordingInstrumentation: Instrumenting {
    /// A change, as it was asked for.
    public enum Request: Hashable, Sendable {
        /// An installation.
        case install(String, Mode, ProbeOptions)
        /// A removal.
        case remove(String)
        /// Another mode.
        case setMode(String, Mode)
    }

    /// The state. Written by whichever thread calls.
    private let state = Mutex(RecordedState())

    /// A fake with an empty script: every target is pending.
    public init() {}

    /// The batches that were carried out, in order.
    public var batches: [[Request]] { state.withLock { $0.batches } }
    /// The requests of all batches, in order.
    public var requests: [Request] { state.withLock { Array($0.batches.joined()) } }
    /// The targets that are installed or pending now, sorted.
    public var targets: [String] { state.withLock { $0.probes.values.map(\.info.target).sorted() } }
    /// The addresses that were symbolised, in order.
    public var symbolised: [UInt64] { state.withLock { $0.symbolised } }
    /// How many snapshots were taken.
    public var snapshots: Int { state.withLock { $0.snapshots } }
    /// How often `stop` was called.
    public var stops: Int { state.withLock { $0.stops } }
}

// MARK: What the test says

extension RecordingInstrumentation {
    /// From now on a target matches these functions; a pending probe of it is installed at once.
    public func load(_ target: String, _ entries: [EntryPoint]) {
        state.withLock { state in
            state.script.entries[target] = entries
            for (number, probe) in state.probes where probe.info.target == target && probe.info.entries.isEmpty {
                state.probes[number]?.info = RecordedState.resolve(probe.info, state.script)
                state.count(entries.count)
            }
        }
    }

    /// From now on an installation of this target is refused as a whole; nil takes that back.
    public func refuse(_ target: String, _ code: GraftError.Code?) {
        state.withLock { $0.script.refusals[target] = code }
    }

    /// From now on the functions of this target are each refused.
    public func refuseEntries(of target: String, _ code: GraftError.Code) {
        state.withLock { $0.script.entryRefusals[target] = code }
    }

    /// From now on removals of this target fail; nil takes that back.
    public func keep(_ target: String, _ code: GraftError.Code?) {
        state.withLock { $0.script.removalFailures[target] = code }
    }

    /// From now on mode changes of this target fail; nil takes that back.
    public func fixMode(of target: String, _ code: GraftError.Code?) {
        state.withLock { $0.script.modeFailures[target] = code }
    }

    /// From now on snapshots fail; nil takes that back.
    public func failSnapshots(_ error: GraftError?) { state.withLock { $0.script.snapshotFailure = error } }

    /// What an address is symbolised to.
    public func symbol(_ symbol: Symbol, at address: UInt64) { state.withLock { $0.script.symbols[address] = symbol } }

    /// Every function of a target that is instrumented now is called, from this return address.
    public func hit(_ target: String, count: UInt64 = 1, from address: UInt64) {
        state.withLock { $0.hit(target, count: count, from: address) }
    }
}

// MARK: The role

extension RecordingInstrumentation {
    /// Records the changes and answers from the script.
    public func apply(_ changes: [Change]) -> [Outcome] {
        state.withLock { state in
            state.batches.append(changes.map { state.request($0) })
            state.counters.updatesApplied += 1
            return changes.map { state.carryOut($0) }
        }
    }

    /// The probes, in the order of their installation.
    public func snapshot() throws(GraftError) -> Snapshot {
        try state.withLock { state throws(GraftError) in
            state.snapshots += 1
            if let error = state.script.snapshotFailure { throw error }
            let probes = state.probes.sorted { $0.key < $1.key }.map(\.value.info)
            state.counters.pending = UInt64(probes.count { $0.state == .pending })
            return Snapshot(probes: probes, counters: state.counters, generation: UInt64(state.batches.count))
        }
    }

    /// What the script says of an address.
    public func symbolise(_ address: UInt64) -> Symbol? {
        state.withLock { state in
            state.symbolised.append(address)
            return state.script.symbols[address]
        }
    }

    /// Removes everything, as the last stop of the core does. From then on changes are recorded and not carried out.
    public func stop() {
        state.withLock { state in
            state.stops += 1
            state.probes = [:]
        }
    }
}
