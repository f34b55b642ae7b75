// WakeEvent: a descriptor by which one thread wakes another that waits for descriptors, and the waiting itself.
//
// Owns one eventfd and the call to poll(2). Neighbours: ConfigPump waits for its source and takes the event as it wakes;
// a transport waits for its socket and leaves the event as it is, so that whoever owns the loop around it sees it too; a source
// hands out the descriptor itself, and takes the event when it is asked.
// ScriptedConfigSource in GraftTestKit does the same with a pipe.

internal import Glibc

/// Something that any thread can make readable.
package struct WakeEvent: ~Copyable, Sendable {
    /// How a wait for a descriptor ended.
    package enum WaitEnd: Equatable {
        /// The descriptor is ready: poll(2)'s bits.
        case ready(Int16)
        /// The event has happened.
        case happened
        /// The time has come.
        case timedOut
    }

    /// The eventfd.
    private let descriptor: Descriptor

    /// An event that has not happened.
    package init() throws(SystemFailure) {
        descriptor = try Descriptor.lasting(linux_eventfd(0, O_CLOEXEC | O_NONBLOCK), from: "eventfd")
    }

    /// Makes it happen: the wait that is going on, or else the next one, ends.
    package func signal() {
        var one: UInt64 = 1
        // It fails only when the count is at its end, and then the event has happened anyway.
        _ = write(descriptor.number, &one, MemoryLayout<UInt64>.size)
    }

    /// The descriptor, readable while the event has happened: to be waited for, never read or closed.
    package var number: Int32 { descriptor.number }

    /// Takes the event, if it has happened, without waiting.
    package func take() {
        var count: UInt64 = 0
        _ = read(descriptor.number, &count, MemoryLayout<UInt64>.size)
    }

    /// Waits until it happens, or until `other` is readable; -1 for no other.
    package func wait(or other: Int32) {
        var waiting = [
            pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        // A wait that fails, by a signal for one, has ended like any other: the caller looks around and waits again.
        _ = poll(&waiting, nfds_t(waiting.count), -1)
        take()
    }

    /// Waits until it happens, until `other` is ready for `events` (-1 for no other), or until `deadline` in nanoseconds of
    /// the monotonic clock. An event that has happened comes first, and stays so for the next wait; signals do not end
    /// the wait. Throws when the system cannot wait.
    package func wait(for events: Int32, of other: Int32, until deadline: UInt64) throws(SystemFailure) -> WaitEnd {
        while true {
            var waiting = (
                pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: other, events: Int16(events), revents: 0)
            )
            let now = MonotonicTime.now
            // Rounded up, so that what is left of the last millisecond is slept, not spun.
            let left = deadline > now ? (deadline - now - 1) / MonotonicTime.millisecond + 1 : 0
            let count = withUnsafeMutablePointer(to: &waiting) { pair in
                pair.withMemoryRebound(to: pollfd.self, capacity: 2) { poll($0, 2, Int32(min(left, 1 << 30))) }
            }
            if count < 0 {
                guard errno == EINTR else { throw SystemFailure("poll") }
                continue
            }
            if waiting.0.revents != 0 { return .happened }
            if waiting.1.revents != 0 { return .ready(waiting.1.revents) }
            if MonotonicTime.now >= deadline { return .timedOut }
        }
    }
}
