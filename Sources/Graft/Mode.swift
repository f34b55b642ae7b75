// Mode.swift: what a probe does, what it records besides, and which state it is in.
//
// Owns the Swift names of three C enumerations (probe.h) and their translation both ways. Raw values are the slugs
// that configurations and reports use.

internal import CGraft

/// What a probe does when its function is called. It can be changed while the probe is installed.
public enum Mode: String, Hashable, Sendable, CaseIterable {
    /// Counts, exactly; no handler is called.
    case count
    /// Counts and calls the handler when the function is entered.
    case entry
    /// Counts and calls the handler when the function is entered and when it is left.
    case entryExit = "entry-exit"
    /// Calls the handler at the first entry only; then the patch is taken out again and costs nothing.
    case once
    /// Calls a handler in the place of the function. Only in a request that has an ``Around``; it cannot be switched.
    case around

    /// The C value.
    var raw: graft_mode {
        switch self {
        case .count: GRAFT_MODE_COUNT
        case .entry: GRAFT_MODE_ENTRY
        case .entryExit: GRAFT_MODE_ENTRY_EXIT
        case .once: GRAFT_MODE_ONCE
        case .around: GRAFT_MODE_AROUND
        }
    }

    /// The mode of this C value; nil for a value outside the enumeration.
    init?(_ raw: graft_mode) { self.init(rawValue: String(cString: graft_mode_name(raw))) }
}

/// What a probe records beside its count.
public struct ProbeOptions: OptionSet, Hashable, Sendable {
    /// The bits, as in C.
    public let rawValue: UInt32

    /// Options of these bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Measure the time between entry and exit.
    public static let time = Self(rawValue: UInt32(GRAFT_PROBE_TIME))
    /// Keep the stack of the first hit of each entry point.
    public static let caller = Self(rawValue: UInt32(GRAFT_PROBE_CALLER))
    /// Tell the handler which kernel thread it runs on.
    public static let thread = Self(rawValue: UInt32(GRAFT_PROBE_THREAD))
    /// Where no jump fits, take a trap: a signal for each call, which is microseconds. A debugger that attaches meanwhile must
    /// leave SIGTRAP to the program. Never taken for functions of the C library.
    public static let trap = Self(rawValue: UInt32(GRAFT_PROBE_TRAP))
}

/// The state of a probe, and of each of its entry points.
public enum ProbeState: String, Hashable, Sendable, CaseIterable {
    /// Nothing matches yet; looked at again when an image is loaded.
    case pending
    /// Patched.
    case installed
    /// Mode `once` has reported; the patch is out, or about to be.
    case disarmed
    /// Not instrumented, with a reason.
    case refused
    /// The original bytes are back.
    case removed
    /// Its handler took longer than ``ProbeRequest/maximumHandlerNanoseconds``; the patch is out, or about to be.
    case tripped
    /// A state that this version does not know.
    case unknown

    /// The state of this C value.
    init(_ raw: graft_state) { self = Self(rawValue: String(cString: graft_state_name(raw))) ?? .unknown }
}
