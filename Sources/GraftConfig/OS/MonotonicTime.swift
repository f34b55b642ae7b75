// MonotonicTime: now, in nanoseconds that never go back, and now on the wall.
//
// Owns the reading of clocks. The monotonic one decides everything that has to do with waiting; the wall's is only ever
// compared with the time stamps of files.

internal import Glibc

/// Nanoseconds of a clock.
package enum MonotonicTime {
    /// Nanoseconds in a second.
    package static let second: UInt64 = 1_000_000_000
    /// Nanoseconds in a millisecond.
    package static let millisecond: UInt64 = 1_000_000

    /// Nanoseconds since some fixed moment.
    package static var now: UInt64 { read(CLOCK_MONOTONIC) }

    /// So much later than now, and not before now; a time beyond `longest` counts as that.
    package static func now(plus time: Duration) -> UInt64 {
        let (seconds, rest) = min(max(time, .zero), longest).components
        return now + UInt64(seconds) * second + UInt64(rest / 1_000_000_000)
    }

    /// The longest time that is waited for: 31 years.
    package static let longest = Duration.seconds(1_000_000_000)

    /// Nanoseconds since 1970, as files are stamped.
    static var wall: UInt64 { read(CLOCK_REALTIME) }

    /// One reading. These clocks exist on every Linux, so the call cannot fail.
    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        _ = clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * second + UInt64(time.tv_nsec)
    }
}
