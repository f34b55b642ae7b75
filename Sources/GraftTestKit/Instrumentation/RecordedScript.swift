// RecordedScript.swift: what a test has told RecordingInstrumentation. A value; the fake reads it under its lock.

internal import Graft

/// What a fake instrumentation answers.
struct RecordedScript: Sendable {
    /// The functions that each target matches; a target without an entry is pending.
    var entries: [String: [EntryPoint]] = [:]
    /// The targets whose installation is refused as a whole.
    var refusals: [String: GraftError.Code] = [:]
    /// The targets whose functions are each refused.
    var entryRefusals: [String: GraftError.Code] = [:]
    /// The targets that cannot be removed.
    var removalFailures: [String: GraftError.Code] = [:]
    /// The targets whose mode cannot be changed.
    var modeFailures: [String: GraftError.Code] = [:]
    /// Why snapshots fail; nil when they do not.
    var snapshotFailure: GraftError?
    /// What addresses are symbolised to.
    var symbols: [UInt64: Symbol] = [:]
}
