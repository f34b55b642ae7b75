// Change.swift: what is asked of the core, and what became of it.
//
// Owns values only. Neighbours: ChangeBuffer.swift lowers changes to C, Outcome is made there too.

/// One change to what is instrumented.
public enum Change: Sendable {
    /// Add a probe; its identifier comes with the outcome.
    case install(ProbeRequest)
    /// Restore a probe's functions and forget it.
    case remove(Probe)
    /// Switch what a probe does; re-arms a disarmed or tripped one.
    case setMode(Probe, Mode)
}

/// What became of one change.
public struct Outcome: Hashable, Sendable {
    /// Why an entry point was left alone, and which.
    public struct Refusal: Hashable, Sendable {
        /// The reason.
        public var code: GraftError.Code
        /// The address of the entry, or of the instruction that stands in the way.
        public var address: UInt64

        /// A refusal.
        public init(code: GraftError.Code, address: UInt64) {
            self.code = code
            self.address = address
        }
    }

    /// The probe: the new one for an installation that was accepted. Nil for one that was not.
    public var probe: Probe?
    /// Why nothing was done; nil when the change was carried out, also when it is pending or partly refused.
    public var error: GraftError?
    /// The state of the probe afterwards.
    public var state: ProbeState
    /// How many entry points were patched (install, mode) or restored (remove).
    public var installed: Int
    /// How many entry points were refused.
    public var refused: Int
    /// The first refusal.
    public var refusal: Refusal?

    /// An outcome with these parts.
    public init(
        probe: Probe?, error: GraftError? = nil, state: ProbeState, installed: Int = 0, refused: Int = 0,
        refusal: Refusal? = nil
    ) {
        self.probe = probe
        self.error = error
        self.state = state
        self.installed = installed
        self.refused = refused
        self.refusal = refusal
    }
}
