// Descriptor.swift: a file descriptor inside a process that is not ours.
//
// Owns one descriptor and the duty to close it. A host may close descriptors that it did not open (daemons close all of
// them) and then open its own under the same numbers, so each use first checks that the number still names what was
// opened here; a number that was taken over is left alone. Numbers are moved up, out of the way of shells that
// redirect to 3 and of hosts that expect their first descriptor to be 3. Nothing of it changes: any thread may use it.

internal import Glibc

/// One open file, socket or pipe.
package final class Descriptor: Sendable {
    /// The number; valid as long as this object lives.
    package let number: Int32
    /// What the number named when it was adopted.
    private let identity: Identity

    /// What tells two open files apart. Files without an inode of their own (inotify) all look alike: for those, the
    /// check tells only whether the number is still such a file.
    private struct Identity: Equatable, Sendable {
        var device: dev_t
        var inode: ino_t
        var type: mode_t

        init?(_ number: Int32) {
            var status = stat()
            guard fstat(number, &status) == 0 else { return nil }
            device = status.st_dev
            inode = status.st_ino
            type = status.st_mode & S_IFMT
        }
    }

    /// Takes over an open descriptor; nil when it is none.
    package init?(adopting number: Int32) {
        guard number >= 0, let identity = Identity(number) else { return nil }
        self.number = number
        self.identity = identity
    }

    /// Takes over an open descriptor under a higher number, when one is free there.
    package convenience init?(raising number: Int32) {
        guard number >= 0 else { return nil }
        let raised = fcntl(number, F_DUPFD_CLOEXEC, Self.floor)
        if raised >= 0 { close(number) }
        self.init(adopting: raised >= 0 ? raised : number)
    }

    deinit {
        if isOurs { close(number) }
    }

    /// Whether the number still names what was adopted.
    package var isOurs: Bool { Identity(number) == identity }

    /// The lowest number that `raising` chooses: 64 below the process's limit, but never above `floorMaximum`, so that
    /// hosts with `select` still work, nor below `floorMinimum`.
    private static var floor: Int32 {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return floorMinimum }
        let wanted = limit.rlim_cur > rlim_t(floorMaximum) + 64 ? floorMaximum : Int32(limit.rlim_cur) - 64
        return max(floorMinimum, wanted)
    }

    /// The lowest and the highest lower bound of raised numbers.
    private static let floorMinimum: Int32 = 32
    private static let floorMaximum: Int32 = 900
}
