// Pace.swift: how often the agent does what nobody asks for.
//
// Owns the pace of the looks at the product and of the reports. A program that a signal ends leaves the last report that
// was written, so it must not be old; but a host must not feel the agent: at most once a second, at most a hundredth of
// the time, and the less often the longer nothing changes. A pure function of times, in milliseconds.

/// The pace of something that is done again and again.
struct Pace: Hashable, Sendable {
    /// The time between two turns while things change, and at most while nothing does.
    static let shortest: UInt64 = 1_000
    static let longest: UInt64 = 8_000
    /// The share of the time that the turns may take is one in this many.
    static let share: UInt64 = 100

    /// When the next turn is due; the first is due at once.
    private(set) var due: UInt64 = 0
    private var interval = shortest
    /// Whether a turn has been taken: the first one fills caches and says nothing about the next.
    private var isWarm = false

    /// A turn was taken between these times, and something had or had not changed.
    mutating func took(from start: UInt64, to end: UInt64, changed: Bool) {
        interval = changed ? Self.shortest : min(interval * 2, Self.longest)
        due = end + (isWarm ? max(interval, (end - start) * Self.share) : interval)
        isWarm = true
    }

    /// Something happened that should be looked at soon.
    mutating func hasten(now: UInt64) { due = min(due, now) }
}
