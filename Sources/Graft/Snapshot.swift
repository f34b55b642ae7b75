// Snapshot.swift: everything that is instrumented, at one moment.
//
// Owns the values and their translation from C (probe.h), which copies: nothing here refers to the library's memory.
// Neighbour: Counters.swift.

internal import CGraft

/// A consistent view of every probe, taken between two updates.
public struct Snapshot: Hashable, Sendable {
    /// The probes, in the order of their installation.
    public var probes: [ProbeInfo]
    /// The counters of the whole library.
    public var counters: Counters
    /// Grows with each applied update.
    public var generation: UInt64

    /// A snapshot with these parts.
    public init(probes: [ProbeInfo] = [], counters: Counters = Counters(), generation: UInt64 = 0) {
        self.probes = probes
        self.counters = counters
        self.generation = generation
    }

    /// The value of this C struct.
    init(_ raw: graft_snapshot) {
        self.init(
            probes: UnsafeBufferPointer(start: raw.probes, count: raw.probe_count).map(ProbeInfo.init),
            counters: Counters(raw.counters), generation: raw.generation)
    }
}

/// One probe.
public struct ProbeInfo: Hashable, Sendable {
    /// Which probe.
    public var probe: Probe
    /// The text of its target.
    public var target: String
    /// What it does.
    public var mode: Mode
    /// Its state.
    public var state: ProbeState
    /// Why it is refused; nil when it is not.
    public var reason: GraftError.Code?
    /// Calls seen by all its entry points.
    public var hits: UInt64
    /// Of those, what its handler was not told of, by sampling or the budget.
    public var leftOut: UInt64 = 0
    /// What a call of its handler takes, estimated; 0 when that is not limited, or none was measured yet.
    public var handlerNanoseconds: UInt64 = 0
    /// As asked for (``ProbeRequest``).
    public var sampleEvery: UInt32 = 1
    /// As asked for.
    public var maximumPerSecond: UInt32 = 0
    /// As asked for.
    public var maximumHandlerNanoseconds: UInt32 = 0
    /// Its entry points.
    public var entries: [EntryInfo]

    /// A probe with these parts.
    public init(
        probe: Probe, target: String, mode: Mode, state: ProbeState, reason: GraftError.Code? = nil,
        hits: UInt64 = 0, entries: [EntryInfo] = []
    ) {
        self.probe = probe
        self.target = target
        self.mode = mode
        self.state = state
        self.reason = reason
        self.hits = hits
        self.entries = entries
    }

    /// The value of this C struct.
    init(_ raw: graft_probe_info) {
        self.init(
            probe: Probe(id: raw.id), target: String(cString: raw.target), mode: Mode(raw.mode) ?? .count,
            state: ProbeState(raw.state), reason: GraftError.Code(reason: raw.reason), hits: raw.hits,
            entries: UnsafeBufferPointer(start: raw.entries, count: raw.entry_count).map(EntryInfo.init))
        leftOut = raw.left_out
        handlerNanoseconds = raw.handler_nanoseconds
        sampleEvery = raw.sample_every
        maximumPerSecond = raw.max_per_second
        maximumHandlerNanoseconds = raw.max_handler_nanoseconds
    }
}

/// One entry point of a probe.
public struct EntryInfo: Hashable, Sendable {
    /// Which function.
    public var entry: EntryPoint
    /// Its state.
    public var state: ProbeState
    /// Why it is refused or not yet restored; nil when it is neither.
    public var reason: GraftError.Code?
    /// Calls seen since this probe was attached to it.
    public var hits: UInt64
    /// Return addresses of the first hit, innermost first; empty when there was none or none was asked for.
    public var frames: [UInt64]

    /// An entry point with these parts.
    public init(
        entry: EntryPoint, state: ProbeState, reason: GraftError.Code? = nil, hits: UInt64 = 0, frames: [UInt64] = []
    ) {
        self.entry = entry
        self.state = state
        self.reason = reason
        self.hits = hits
        self.frames = frames
    }

    /// The value of this C struct.
    init(_ raw: graft_entry_info) {
        self.init(
            entry: EntryPoint(raw.entry), state: ProbeState(raw.state), reason: GraftError.Code(reason: raw.reason),
            hits: raw.hits, frames: Array(UnsafeBufferPointer(start: raw.frames, count: raw.frame_count)))
    }
}

extension GraftError.Code {
    /// The code of a status that stands as a reason; nil for `GRAFT_OK`.
    init?(reason: graft_status) {
        guard reason != GRAFT_OK else { return nil }
        self.init(reason)
    }
}
