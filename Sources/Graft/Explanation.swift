// Explanation.swift: what could be instrumented in a file, and why the rest could not.
//
// Owns the values and the walk over a file's functions (explain.h). It touches no process and needs no start.

internal import CGraft
internal import Glibc

/// How the entry of a function would be changed.
public enum Tactic: String, Hashable, Sendable, CaseIterable {
    /// Not at all.
    case refused
    /// One instruction covers the jump: no thread can rest inside.
    case jump
    /// Several instructions: the jump's bytes are chosen so that each boundary traps.
    case punned
    /// No jump fits: a trap and a signal for each call, and only for a probe with ``ProbeOptions/trap``.
    case trap

    /// The tactic of this C value.
    init(_ raw: graft_tactic) { self = Self(rawValue: String(cString: graft_tactic_name(raw))) ?? .refused }
}

/// What is known of one function of a file.
public struct Explanation: Hashable, Sendable {
    /// Which function.
    public var entry: EntryPoint
    /// How its entry would be changed.
    public var tactic: Tactic
    /// Why it is refused or, for a trap, why no jump fits; nil when one does.
    public var reason: GraftError.Code?
    /// The virtual address of the instruction that stands in the way, or of the entry.
    public var reasonOffset: UInt64
    /// Why its exits cannot be seen; nil when they can.
    public var exitReason: GraftError.Code?
    /// Bytes of original instructions that would move.
    public var patchSize: Int

    /// An explanation with these parts.
    public init(
        entry: EntryPoint, tactic: Tactic, reason: GraftError.Code? = nil, reasonOffset: UInt64 = 0,
        exitReason: GraftError.Code? = nil, patchSize: Int = 0
    ) {
        self.entry = entry
        self.tactic = tactic
        self.reason = reason
        self.reasonOffset = reasonOffset
        self.exitReason = exitReason
        self.patchSize = patchSize
    }

    /// The value of this C struct.
    init(_ raw: graft_explanation) {
        self.init(
            entry: EntryPoint(raw.entry), tactic: Tactic(raw.tactic), reason: GraftError.Code(reason: raw.reason),
            reasonOffset: raw.reason_offset, exitReason: GraftError.Code(reason: raw.exit_reason),
            patchSize: Int(raw.patch_size))
    }
}

/// How far a walk over a file's functions is.
public struct Progress: Hashable, Sendable {
    /// Functions looked at.
    public var done: Int
    /// Functions in the file.
    public var total: Int

    /// A progress.
    public init(done: Int, total: Int) {
        self.done = done
        self.total = total
    }
}

/// Explains the functions of an ELF file, in order of address, on this thread.
///
/// - Parameters:
///   - path: the file.
///   - pattern: a glob that the symbol or the demangled name matches; nil for all.
///   - body: called for each function; false stops the walk.
/// - Throws: `os` with the system's reason (`No such file or directory`), `badImage`, or what is wrong with the pattern;
///   with the path.
public func explain(
    path: String, pattern: String? = nil, _ body: (Explanation, Progress) -> Bool
) throws(GraftError) {
    let (status, code) = withoutActuallyEscaping(body) { body in
        var walk = body
        return withUnsafeMutablePointer(to: &walk) { walk in
            let status = graft_explain_file(path, pattern, visit, walk)
            return (status, errno)
        }
    }
    if status == GRAFT_OS {
        throw GraftError(code: .os, message: String(cString: strerror(code)), place: .path(path))
    }
    try GraftError.check(status, place: .path(path))
}

/// What the core calls for each function; `context` points to the caller's closure.
private let visit: graft_explain_handler = { explanation, done, total, context in
    guard let explanation, let context else { return false }
    let body = context.assumingMemoryBound(to: ((Explanation, Progress) -> Bool).self)
    return body.pointee(Explanation(explanation.pointee), Progress(done: done, total: total))
}
