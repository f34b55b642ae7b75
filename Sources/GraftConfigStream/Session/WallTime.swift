// WallTime: a moment by the system's clock.
//
// Owns the moments that people read: since when, saved when. Durations are measured by ContinuousClock, which nobody sets.

internal import Glibc

/// A moment by the system's clock.
public struct WallTime: Sendable, Hashable, Comparable {
    /// Nanoseconds since 1970, UTC.
    public var nanoseconds: Int64

    /// The moment so many nanoseconds after the beginning of 1970, UTC.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The present moment.
    public static var now: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Whether one moment is before another.
    public static func < (left: WallTime, right: WallTime) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension WallTime: CustomStringConvertible {
    /// The moment in the form of RFC 3339, with milliseconds: `2026-05-04T10:20:30.123Z`.
    public var description: String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: Int, _ digits: Int) -> String {
            let text = "\(number)"
            return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
        }
        let date = [(Int(parts.tm_year) + 1900, 4), (Int(parts.tm_mon) + 1, 2), (Int(parts.tm_mday), 2)]
        let time = [(Int(parts.tm_hour), 2), (Int(parts.tm_min), 2), (Int(parts.tm_sec), 2)]
        let milliseconds = Int(nanoseconds / 1_000_000 % 1000)
        return date.map { padded($0.0, $0.1) }.joined(separator: "-") + "T"
            + time.map { padded($0.0, $0.1) }.joined(separator: ":") + "." + padded(milliseconds, 3) + "Z"
    }
}
