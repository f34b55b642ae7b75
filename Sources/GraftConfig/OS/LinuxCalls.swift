// LinuxCalls: the Linux system calls that Swift's Glibc module leaves out.
//
// Owns their declarations, and nothing else calls them than the files of this folder. The Glibc module has neither
// <sys/epoll.h> nor <sys/timerfd.h> nor <sys/eventfd.h>, and a C module of our own would be one more thing for every
// user of this library to build. All take and return plain integers and pointers, so that the C convention and the
// Swift convention agree; the names are checked by the linker. Constants are those of the kernel's stable interface.

internal import Glibc

/// epoll_create1(2).
@_silgen_name("epoll_create1")
func linux_epoll_create1(_ flags: Int32) -> Int32

/// epoll_ctl(2). `event` is a `struct epoll_event`, whose layout depends on the machine: see `Readiness`.
@_silgen_name("epoll_ctl")
func linux_epoll_ctl(_ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ event: UnsafeMutableRawPointer?)
    -> Int32

/// timerfd_create(2).
@_silgen_name("timerfd_create")
func linux_timerfd_create(_ clock: Int32, _ flags: Int32) -> Int32

/// timerfd_settime(2).
@_silgen_name("timerfd_settime")
func linux_timerfd_settime(
    _ timer: Int32, _ flags: Int32, _ new: UnsafePointer<itimerspec>?, _ old: UnsafeMutablePointer<itimerspec>?
) -> Int32

/// eventfd(2).
@_silgen_name("eventfd")
func linux_eventfd(_ count: UInt32, _ flags: Int32) -> Int32

/// pthread_setname_np(3).
@_silgen_name("pthread_setname_np")
func linux_pthread_setname_np(_ thread: pthread_t, _ name: UnsafePointer<CChar>) -> Int32

/// EPOLL_CTL_ADD.
let linuxEpollAdd: Int32 = 1
/// EPOLLIN.
let linuxEpollIn: UInt32 = 1
/// TFD_TIMER_ABSTIME.
let linuxTimerAbsolute: Int32 = 1
