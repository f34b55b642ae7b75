// WakeTimer: a descriptor that becomes readable at a chosen time.
//
// Owns one timerfd on the monotonic clock. Neighbours: FileConfigEngine sets it to the next time at which a file that
// is not as it should be is worth another look.

internal import Glibc

/// A timer that makes a descriptor readable.
struct WakeTimer: ~Copyable {
    /// The timer's descriptor.
    let descriptor: Descriptor

    /// A timer that is not set.
    init() throws(SystemFailure) {
        let flags = O_CLOEXEC | O_NONBLOCK
        descriptor = try Descriptor.lasting(linux_timerfd_create(CLOCK_MONOTONIC, flags), from: "timerfd_create")
    }

    /// Becomes readable at `time` of the monotonic clock, at once if that has passed, and never for nil. What was set
    /// before is void, also when it has fired.
    func set(_ time: UInt64?) {
        var setting = itimerspec()
        if let time {
            // All zero would mean "never".
            let time = max(time, 1)
            setting.it_value.tv_sec = Int(time / MonotonicTime.second)
            setting.it_value.tv_nsec = Int(time % MonotonicTime.second)
        }
        let result = linux_timerfd_settime(descriptor.number, linuxTimerAbsolute, &setting, nil)
        // It fails only for a bad descriptor or value, and both are ours.
        assert(result == 0, "timerfd_settime")
    }
}
