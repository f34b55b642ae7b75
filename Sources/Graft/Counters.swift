// Counters.swift: the named counters of the whole library, as a value.
//
// Owns the Swift names of GRAFT_COUNTERS_MAP (probe.h); a test holds the two lists together.

internal import CGraft

/// What the library has done since it was started.
public struct Counters: Hashable, Sendable {
    /// Entry points patched, ever.
    public var installed: UInt64 = 0
    /// Entry points restored, ever.
    public var removed: UInt64 = 0
    /// Entry points refused, ever.
    public var refused: UInt64 = 0
    /// Probes that match nothing, now.
    public var pending: UInt64 = 0
    /// Entry points patched, now.
    public var active: UInt64 = 0
    /// Calls of instrumented functions seen.
    public var hits: UInt64 = 0
    /// Of those, left out by sampling or a budget.
    public var hitsLeftOut: UInt64 = 0
    /// Times that a probe tripped.
    public var tripped: UInt64 = 0
    /// Hits inside a handler, not reported.
    public var hitsSuppressed: UInt64 = 0
    /// Exits not seen because a thread's frames ran out.
    public var framesExhausted: UInt64 = 0
    /// Threads met on a changing entry and moved on.
    public var trapsRedirected: UInt64 = 0
    /// Updates whose changes were carried out.
    public var updatesApplied: UInt64 = 0
    /// Updates dropped because their sequence had passed.
    public var updatesStale: UInt64 = 0
    /// Updates dropped because their sequence was already waiting.
    public var updatesDuplicate: UInt64 = 0
    /// Times that an update had to wait for a missing one.
    public var updatesGaps: UInt64 = 0
    /// Updates refused because the queue was full, or superseded.
    public var updatesDropped: UInt64 = 0
    /// First hits whose stack could not be kept.
    public var callersDropped: UInt64 = 0
    /// Entry points put off because a thread blocks SIGTRAP.
    public var unsafeThreads: UInt64 = 0
    /// Times that such an entry point was tried again in vain.
    public var unsafeRetries: UInt64 = 0
    /// Entry points refused, by reason; reasons that never occurred are absent.
    public var refusedBy: [GraftError.Code: UInt64] = [:]

    /// All zero.
    public init() {}
}

extension Counters {
    /// Every counter with the name that reports use, in a fixed order.
    public var named: [(name: String, value: UInt64)] {
        [
            ("installed", installed), ("removed", removed), ("refused", refused), ("pending", pending),
            ("active", active), ("hits", hits), ("hits_left_out", hitsLeftOut), ("tripped", tripped),
            ("hits_suppressed", hitsSuppressed),
            ("frames_exhausted", framesExhausted), ("traps_redirected", trapsRedirected),
            ("updates_applied", updatesApplied), ("updates_stale", updatesStale),
            ("updates_duplicate", updatesDuplicate), ("updates_gaps", updatesGaps),
            ("updates_dropped", updatesDropped), ("callers_dropped", callersDropped),
            ("unsafe_threads", unsafeThreads), ("unsafe_retries", unsafeRetries),
        ]
    }

    /// The value of this C struct.
    init(_ raw: graft_counters) {
        self.init()
        installed = raw.installed
        removed = raw.removed
        refused = raw.refused
        pending = raw.pending
        active = raw.active
        hits = raw.hits
        hitsLeftOut = raw.left_out
        tripped = raw.tripped
        hitsSuppressed = raw.suppressed
        framesExhausted = raw.frames_exhausted
        trapsRedirected = raw.traps_redirected
        updatesApplied = raw.updates_applied
        updatesStale = raw.updates_stale
        updatesDuplicate = raw.updates_duplicate
        updatesGaps = raw.updates_gaps
        updatesDropped = raw.updates_dropped
        callersDropped = raw.callers_dropped
        unsafeThreads = raw.unsafe_threads
        unsafeRetries = raw.unsafe_retries
        withUnsafeBytes(of: raw.refused_by) { bytes in
            for (index, count) in bytes.bindMemory(to: UInt64.self).enumerated() where count > 0 {
                refusedBy[GraftError.Code(graft_status(UInt32(index)))] = count
            }
        }
    }
}
