// FileRecord: what is known of one path, and what a look at it means.
//
// Owns the decision between "changed", "wait", "wrong" and "gone": a state machine without effects. A good look counts
// at once. Anything else counts only when it has stayed the same for the settling time, because a file that is being
// written, or replaced by removing and creating it, looks wrong or gone for a moment. Neighbours: FileConfigEngine.

/// What is known of one path.
///
/// Two independent things are remembered: what is in force (nothing, or content), and the standing of the last look:
/// - fine: -> suspect, on a look that is not good
/// - suspect: -> fine, on a good look or one that shows what was told before; -> told or fine (gone), when it stays
/// - told: -> fine, on a good look; -> suspect, on another bad one, while what was told still stands
struct FileRecord {
    /// What a look at a path has shown.
    enum Look {
        /// Content that can be used.
        case good(ContentDigest)
        /// Something that cannot be used; the digest of its bytes, if there are some.
        case bad(ConfigError, ContentDigest?)
        /// Something in the middle of a change.
        case changing
        /// Nothing.
        case absent
    }

    /// What follows from a look.
    enum Verdict: Equatable {
        /// Nothing, now.
        case nothing
        /// The content is new.
        case changed
        /// What was in force is gone.
        case removed
        /// This is wrong, and it is time to say so.
        case problem(ConfigError)
        /// What was wrong no longer is, and nothing else has changed.
        case cleared
    }

    /// Something that may be only half done.
    private struct Suspicion: Equatable {
        /// What is wrong; nil when it is absent or changing.
        var error: ConfigError?
        /// The bytes that are wrong.
        var digest: ContentDigest?
        /// Whether it is in the middle of a change, which is never told.
        var isChanging = false
    }

    /// What is in force; nil for nothing.
    private(set) var inForce: ContentDigest?
    /// What has been told and not been taken back.
    private(set) var told: ConfigError?
    private var suspicion: Suspicion?
    private var suspectSince: UInt64 = 0

    /// Whether another look is due some time, changes or none.
    var isSuspect: Bool { suspicion != nil }

    /// When what is suspect will have stayed the same for long enough.
    func deadline(settling: UInt64) -> UInt64? { suspicion.map { _ in suspectSince + settling } }

    /// Whether there is nothing to remember.
    var isBlank: Bool { inForce == nil && told == nil && suspicion == nil }

    /// Takes in a look.
    mutating func take(_ look: Look, at now: UInt64, settling: UInt64) -> Verdict {
        switch look {
        case .good(let digest):
            return accept(digest)
        case .changing:
            (suspicion, suspectSince) = (Suspicion(isChanging: true), now)
            return .nothing
        case .absent:
            guard inForce != nil else { return takeBack() }
            return settled(Suspicion(), at: now, settling: settling) ? withdraw() : .nothing
        case .bad(let error, _) where error == told:
            suspicion = nil
            return .nothing
        case .bad(let error, let digest):
            guard settled(Suspicion(error: error, digest: digest), at: now, settling: settling) else { return .nothing }
            (suspicion, told) = (nil, error)
            return .problem(error)
        }
    }

    /// Puts content in force.
    private mutating func accept(_ digest: ContentDigest) -> Verdict {
        guard digest != inForce else { return takeBack() }
        self = FileRecord()
        inForce = digest
        return .changed
    }

    /// Ends what was suspect or told.
    private mutating func takeBack() -> Verdict {
        defer { (suspicion, told) = (nil, nil) }
        return told == nil ? .nothing : .cleared
    }

    /// Ends everything.
    private mutating func withdraw() -> Verdict {
        self = FileRecord()
        return .removed
    }

    /// Whether it has been like this for the settling time; begins the wait where it has not.
    private mutating func settled(_ new: Suspicion, at now: UInt64, settling: UInt64) -> Bool {
        if suspicion == new { return now >= suspectSince + settling }
        (suspicion, suspectSince) = (new, now)
        return false
    }
}
