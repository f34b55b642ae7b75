// WakeEvent: a descriptor by which one thread wakes another that waits for descriptors, and the waiting itself.
//
// Owns one eventfd and the call to poll(2). Neighbours: ConfigPump; ScriptedConfigSource in GraftTestKit does the same
// with a pipe.

internal import Glibc

/// Something that any thread can make readable.
struct WakeEvent: ~Copyable {
    /// The eventfd.
    private let descriptor: Descriptor

    /// An event that has not happened.
    init() throws(SystemFailure) {
        descriptor = try Descriptor.lasting(linux_eventfd(0, O_CLOEXEC | O_NONBLOCK), from: "eventfd")
    }

    /// Makes it happen: the wait that is going on, or else the next one, ends.
    func signal() {
        var one: UInt64 = 1
        // It fails only when the count is at its end, and then the event has happened anyway.
        _ = write(descriptor.number, &one, MemoryLayout<UInt64>.size)
    }

    /// Waits until it happens, or until `other` is readable; -1 for no other.
    func wait(or other: Int32) {
        var waiting = [
            pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        // A wait that fails, by a signal for one, has ended like any other: the caller looks around and waits again.
        _ = poll(&waiting, nfds_t(waiting.count), -1)
        var count: UInt64 = 0
        _ = read(descriptor.number, &count, MemoryLayout<UInt64>.size)
    }
}
