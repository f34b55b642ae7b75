// Readiness: one descriptor that is readable when any of several is.
//
// Owns an epoll descriptor that nobody ever waits on with epoll_wait: it is itself pollable, and that is the point.
// Neighbours: FileConfigEngine joins its inotify descriptor and its timer by it.

internal import Glibc

/// One descriptor that is readable when any of those added to it is.
struct Readiness: ~Copyable {
    /// The epoll descriptor.
    let descriptor: Descriptor

    /// A descriptor that is readable for nothing yet.
    init() throws(SystemFailure) {
        descriptor = try Descriptor.lasting(linux_epoll_create1(O_CLOEXEC), from: "epoll_create1")
    }

    /// Makes it readable when `other` is. It forgets `other` when that is closed.
    func add(_ other: borrowing Descriptor) throws(SystemFailure) {
        // struct epoll_event: the events come first everywhere; the data behind them, packed on x86-64 and aligned on
        // other machines, is not used. 16 bytes hold either.
        var event: (UInt32, UInt32, UInt32, UInt32) = (linuxEpollIn, 0, 0, 0)
        guard linux_epoll_ctl(descriptor.number, linuxEpollAdd, other.number, &event) == 0 else {
            throw SystemFailure("epoll_ctl")
        }
    }
}
