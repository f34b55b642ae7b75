// GraftError.swift: the one error type of this module.
//
// Owns the code, the message and the place of a failure. The codes mirror the slugs of the C table (status.h), so
// a report, a log line and a caught error all name the same thing. It never carries a cause of another module's type.
// Neighbours: Status.swift makes these from C statuses.

/// What went wrong, in which words, and where.
///
/// ```swift
/// do { _ = try Target("libpq.so.5") } catch { print(error.code, error.place as Any) }
/// ```
public struct GraftError: Error, Hashable, Sendable {
    /// Which failure this is; open, so that a later version may add one without breaking a `switch`.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The slug, as reports print it: `too-short`.
        public let rawValue: String

        /// A code with this slug.
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// Where it went wrong; each case names what a user can look at.
    public enum Place: Hashable, Sendable {
        /// A target's text, and the byte in it at which reading failed.
        case target(String, offset: Int)
        /// A signature's text, and the byte in it at which reading failed.
        case signature(String, offset: Int)
        /// An address of this process, or in a file's virtual addresses.
        case address(UInt64)
        /// The sequence number of an update, in a named stream.
        case sequence(UInt64, stream: String)
        /// A probe.
        case probe(Probe)
        /// A file.
        case path(String)
    }

    /// Which failure this is.
    public var code: Code
    /// One sentence for a person, without a final full stop.
    public var message: String
    /// Where it happened, when there is a place to look at.
    public var place: Place?

    /// An error of this module.
    public init(code: Code, message: String, place: Place? = nil) {
        self.code = code
        self.message = message
        self.place = place
    }
}

extension GraftError.Code {
    /// A parameter is empty or outside its documented range.
    public static let invalidArgument = Self(rawValue: "invalid-argument")
    /// `Instrumentation.start` has not been called, or the last `stop` has.
    public static let notStarted = Self(rawValue: "not-started")
    /// No probe has this identifier.
    public static let noSuchProbe = Self(rawValue: "no-such-probe")
    /// A call that waits was made inside a handler.
    public static let inHandler = Self(rawValue: "in-handler")
    /// The text is not a target.
    public static let targetSyntax = Self(rawValue: "target-syntax")
    /// The text of the target is too long.
    public static let targetTooLong = Self(rawValue: "target-too-long")
    /// The target matches more entry points than a target may.
    public static let targetTooBroad = Self(rawValue: "target-too-broad")
    /// Nothing loaded has what was named.
    public static let notFound = Self(rawValue: "not-found")
    /// The text is not a signature.
    public static let signatureSyntax = Self(rawValue: "signature-syntax")
    /// The signature is longer, wider or deeper than a signature may be.
    public static let signatureLimit = Self(rawValue: "signature-limit")
    /// The function and its padding are shorter than a jump.
    public static let tooShort = Self(rawValue: "too-short")
    /// The function branches back into its own first bytes.
    public static let branchIntoPatch = Self(rawValue: "branch-into-patch")
    /// The bytes at the entry are not instructions.
    public static let notCode = Self(rawValue: "not-code")
    /// An instruction at the entry cannot be executed elsewhere.
    public static let notRelocatable = Self(rawValue: "not-relocatable")
    /// The symbol's address is a resolver's, not a function's.
    public static let ifunc = Self(rawValue: "ifunc")
    /// The function is on the list of those that must not be instrumented.
    public static let denied = Self(rawValue: "denied")
    /// The function's return cannot be observed.
    public static let noExit = Self(rawValue: "no-exit")
    /// No memory is free within a jump's reach.
    public static let noSpaceNear = Self(rawValue: "no-space-near")
    /// A thread blocks SIGTRAP.
    public static let unsafeThreads = Self(rawValue: "unsafe-threads")
    /// Something else has changed the entry.
    public static let foreignPatch = Self(rawValue: "foreign-patch")
    /// The image was unloaded.
    public static let imageGone = Self(rawValue: "image-gone")
    /// The debug information says that the function has another signature.
    public static let signatureMismatch = Self(rawValue: "signature-mismatch")
    /// The function has a calling convention that a signature cannot state.
    public static let signatureUnknown = Self(rawValue: "signature-unknown")
    /// The function has an around-probe already.
    public static let aroundTaken = Self(rawValue: "around-taken")
    /// Not supported on this machine or kernel.
    public static let unsupported = Self(rawValue: "unsupported")
    /// Every probe or entry point that was asked for is in use.
    public static let limitProbes = Self(rawValue: "limit-probes")
    /// Too many probes on one entry point.
    public static let limitAttachments = Self(rawValue: "limit-attachments")
    /// The update queue is full.
    public static let limitQueue = Self(rawValue: "limit-queue")
    /// The update's sequence has passed.
    public static let stale = Self(rawValue: "stale")
    /// An update with this sequence is already waiting.
    public static let duplicate = Self(rawValue: "duplicate")
    /// A snapshot replaced the update before it was applied.
    public static let superseded = Self(rawValue: "superseded")
    /// Stopped or closed before the update was applied.
    public static let cancelled = Self(rawValue: "cancelled")
    /// The system refused memory.
    public static let noMemory = Self(rawValue: "no-memory")
    /// A system call failed.
    public static let os = Self(rawValue: "os-error")
    /// The kernel refuses writes to program text.
    public static let writeDenied = Self(rawValue: "write-denied")
    /// The file is not a readable ELF image.
    public static let badImage = Self(rawValue: "bad-image")
}

extension GraftError.Code: CustomStringConvertible {
    /// The slug.
    public var description: String { rawValue }
}

extension GraftError.Place: CustomStringConvertible {
    /// The place in words: `byte 9 of "libpq.so.5"`.
    public var description: String {
        switch self {
        case .target(let text, let offset): "byte \(offset) of \"\(text)\""
        case .signature(let text, let offset): "byte \(offset) of \"\(text)\""
        case .address(let address): "address 0x\(String(address, radix: 16))"
        case .sequence(let sequence, let stream): "sequence \(sequence) of stream \"\(stream)\""
        case .probe(let probe): "probe \(probe.id)"
        case .path(let path): path
        }
    }
}

extension GraftError: CustomStringConvertible {
    /// `target-syntax: the target is not … (byte 10 of "libpq.so.5")`.
    public var description: String {
        let text = "\(code): \(message)"
        return place.map { "\(text) (\($0))" } ?? text
    }
}
