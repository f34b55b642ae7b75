// Instrumentation.swift: the core, started.
//
// Owns the pairing of starts and stops and plays the role of `Instrumenting` over C: runs of changes of one kind
// become one batch. It starts no task and needs no executor: a plain thread can use it. Neighbours: ChangeBuffer.swift
// and Outcomes.swift translate, UpdateStream.swift is the ordered, asynchronous way in, Lifecycle.swift counts.

internal import CGraft
internal import Synchronization

/// Instrumentation of this process.
///
/// ```swift
/// let instrumentation = try Instrumentation.start()
/// defer { instrumentation.stop() }
/// let request = ProbeRequest(target: try Target("libc.so.6:getpid"), mode: .count)
/// let outcomes = instrumentation.apply([.install(request)])
/// ```
public final class Instrumentation: Instrumenting {
    /// The version of the library.
    public static var version: String { String(cString: graft_version()) }

    /// Whether `stop` has yet to be called. Written by `stop`.
    private let running = Mutex(true)

    /// Made by `start` only.
    private init() {}

    /// Starts the library, or counts one more user of it. Nothing is patched before the first probe, unless threads are
    /// to be guarded.
    ///
    /// - Parameters:
    ///   - maximumProbes: how many probes, and entry points, there may be; nil is 65,536. The first start of the
    ///     process decides.
    ///   - guardsThreads: whether SIGTRAP is kept deliverable from now on, and not only from the first entry that needs
    ///     it: in the calling thread, and in all that start or change their mask later. For programs that install probes
    ///     late and start threads that block every signal; such a thread keeps some functions pending.
    ///   - log: called with one line for each change of state, never for a hit, on any thread that calls the library
    ///     and on its own. Nil follows the environment variable `GRAFT_LOG`. The first start decides.
    public static func start(
        maximumProbes: UInt32? = nil, guardsThreads: Bool = false, log: (@Sendable (String) -> Void)? = nil
    ) throws(GraftError) -> Instrumentation {
        try Lifecycle.shared.start(maximumProbes: maximumProbes, guardsThreads: guardsThreads, log: log)
        return Instrumentation()
    }

    /// Ends this use of the library, once; the last end removes every probe, restores every byte and waits for that.
    /// Not inside a handler: there it does nothing.
    public func stop() {
        let first = running.withLock { running in
            defer { running = false }
            return running
        }
        if first && !Lifecycle.shared.stop() { running.withLock { $0 = true } }
    }

    /// Opens an ordered stream of updates. `name`, at most 63 bytes, appears in logs and errors.
    public func stream(named name: String) throws(GraftError) -> UpdateStream { try UpdateStream(name: name) }

    /// Carries out the changes in order and waits for it; neighbouring changes of one kind are one batch.
    public func apply(_ changes: [Change]) -> [Outcome] {
        guard running.withLock({ $0 }) else {
            return changes.map { Outcome(notDone: GraftError(GRAFT_NOT_STARTED), probe: $0.probe) }
        }
        var outcomes: [Outcome] = []
        outcomes.reserveCapacity(changes.count)
        var rest = changes[...]
        while let first = rest.first {
            let run = rest.prefix { $0.kind == first.kind }
            rest = rest.dropFirst(run.count)
            outcomes += first.kind == GRAFT_CHANGE_MODE ? setModes(run) : Self.carryOut(run, kind: first.kind)
        }
        return outcomes
    }

    /// A consistent view of every probe.
    public func snapshot() throws(GraftError) -> Snapshot {
        var raw: UnsafeMutablePointer<graft_snapshot>?
        try GraftError.check(graft_snapshot_take(&raw))
        guard let raw else { return Snapshot() }
        defer { graft_snapshot_free(raw) }
        return Snapshot(raw.pointee)
    }

    /// Where an address of this process lies in the source.
    public func symbolise(_ address: UInt64) -> Symbol? {
        var raw = graft_symbol()
        guard graft_symbolise(address, &raw) == GRAFT_OK else { return nil }
        return Symbol(
            image: String(cString: raw.image), symbol: String(cString: raw.symbol), offset: raw.offset,
            file: String(cString: raw.file), line: Int(raw.line))
    }

    /// The hits of a probe so far. Takes no lock.
    public func hits(of probe: Probe) throws(GraftError) -> UInt64 {
        var hits: UInt64 = 0
        try GraftError.check(graft_probe_hits(probe.id, &hits), place: .probe(probe))
        return hits
    }

    /// The hits, of all probes that it ever had, and the state of the entry point at this address; nil when none was ever
    /// instrumented there. Takes no lock.
    public func lookup(address: UInt64) -> (hits: UInt64, state: ProbeState)? {
        var hits: UInt64 = 0
        var state = GRAFT_STATE_REMOVED
        guard graft_lookup_address(address, &hits, &state) == GRAFT_OK else { return nil }
        return (hits, ProbeState(state))
    }

    /// As `lookup(address:)`, by canonical identifier (`EntryPoint.identifier`).
    public func lookup(identifier: String) -> (hits: UInt64, state: ProbeState)? {
        var hits: UInt64 = 0
        var state = GRAFT_STATE_REMOVED
        guard graft_lookup_identifier(identifier, &hits, &state) == GRAFT_OK else { return nil }
        return (hits, ProbeState(state))
    }
}

extension Instrumentation {
    /// Carries out a run of installations, or a run of removals, as one batch.
    static func carryOut(_ run: ArraySlice<Change>, kind: graft_change_kind) -> [Outcome] {
        let buffer = ChangeBuffer(run)
        var raw = [graft_outcome](repeating: graft_outcome(), count: run.count)
        let status =
            kind == GRAFT_CHANGE_INSTALL
            ? graft_install(buffer.specs, run.count, &raw)
            : graft_remove(buffer.changes.map(\.probe), run.count, &raw)
        return zip(run, zip(raw, buffer.handlers)).map { change, answer in
            let outcome =
                status == GRAFT_OK
                ? Outcome(answer.0) : Outcome(notDone: GraftError(status), probe: change.probe)
            outcome.settle(kind, handler: answer.1)
            return outcome
        }
    }

    /// Switches modes one by one. The core answers with a status alone, so the states are read from one snapshot after.
    private func setModes(_ run: ArraySlice<Change>) -> [Outcome] {
        var outcomes: [Outcome] = run.map { change in
            guard case .setMode(let probe, let mode) = change else { return Outcome(probe: nil, state: .unknown) }
            let status = graft_set_mode(probe.id, mode.raw)
            guard status == GRAFT_OK else {
                return Outcome(notDone: GraftError(status, place: .probe(probe)), probe: probe)
            }
            return Outcome(probe: probe, state: .unknown)
        }
        guard outcomes.contains(where: { $0.error == nil }), let after = try? snapshot() else { return outcomes }
        let states = Dictionary(after.probes.map { ($0.probe, $0) }) { first, _ in first }
        for index in outcomes.indices where outcomes[index].error == nil {
            guard let info = outcomes[index].probe.flatMap({ states[$0] }) else { continue }
            outcomes[index].state = info.state
            outcomes[index].installed = info.entries.count { $0.state == .installed }
        }
        return outcomes
    }
}

extension Change {
    /// The kind of the change in C.
    var kind: graft_change_kind {
        switch self {
        case .install: GRAFT_CHANGE_INSTALL
        case .remove: GRAFT_CHANGE_REMOVE
        case .setMode: GRAFT_CHANGE_MODE
        }
    }

    /// The probe that it is about; nil for an installation.
    var probe: Probe? {
        switch self {
        case .install: nil
        case .remove(let probe), .setMode(let probe, _): probe
        }
    }
}
