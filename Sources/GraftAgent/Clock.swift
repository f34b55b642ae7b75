// Clock.swift: the time that deadlines are counted in.

internal import Glibc

/// The monotonic clock.
package enum Clock {
    /// Milliseconds since some moment before the process began; never goes back.
    package static var milliseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
