// StreamSocket: one connected, or connecting, socket inside a process that is not ours.
//
// Owns the descriptor and its system calls: never blocking, closed on exec and with its owner, and without SIGPIPE, for which
// a host may have no handler. A host may close descriptors that it did not open and get the same number for its own file; so
// each call first asks whether the number still names our socket, and a number that was taken over is left alone.
// Neighbours: AgentConnector opens it, AgentConversation uses it.

internal import GraftConfig
internal import Glibc

/// A stream socket.
struct StreamSocket: ~Copyable {
    /// The descriptor's number.
    let number: Int32
    /// The socket's inode, of which no other open file has the like.
    private let inode: UInt64

    /// The lowest number: shells redirect 3 to 9, and some programs count on their first descriptor being 3.
    private static let lastingMinimum: Int32 = 64

    /// A socket that is not connected.
    init(family: Int32) throws(SystemFailure) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let opened = socket(family, type, 0)
        guard opened >= 0 else { throw SystemFailure("socket") }
        let raised = fcntl(opened, F_DUPFD_CLOEXEC, Self.lastingMinimum)
        if raised >= 0 { close(opened) }
        number = raised >= 0 ? raised : opened
        inode = Self.inode(number) ?? 0
    }

    /// A socket that is connected already; it is ours from now on.
    init(adopting opened: Int32) {
        number = opened
        inode = Self.inode(opened) ?? 0
    }

    deinit {
        // Linux releases the number whatever close returns.
        if isOurs { close(number) }
    }

    /// What the number names now; nil when that is no socket.
    private static func inode(_ number: Int32) -> UInt64? {
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        return UInt64(status.st_ino)
    }

    /// Whether the number still names what was opened here.
    private var isOurs: Bool { Self.inode(number) == inode }

    /// Refuses to touch what is not ours.
    private func checkIsOurs() throws(SystemFailure) {
        guard isOurs else {
            errno = EBADF
            throw SystemFailure("the program closed our socket")
        }
    }

    /// Begins to connect; 0, or errno: EINPROGRESS when it goes on in the background, as after a signal.
    func connect(to peer: PeerAddress) -> Int32 {
        let result = peer.withAddress { Glibc.connect(number, $0, $1) }
        guard result != 0 else { return 0 }
        return errno == EINTR ? EINPROGRESS : errno
    }

    /// What became of connecting; 0, or errno.
    var connectFailure: Int32 {
        guard isOurs else { return EBADF }
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(number, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 ? failure : errno
    }

    /// Sends what there is room for; nil when there is none.
    func send(_ bytes: ArraySlice<UInt8>) throws(SystemFailure) -> Int? {
        try checkIsOurs()
        while true {
            let count = bytes.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count >= 0 { return count }
            if errno == EAGAIN { return nil }
            guard errno == EINTR else { throw SystemFailure("send") }
        }
    }

    /// Receives what has come into `buffer`; nil when nothing has, 0 at the end.
    func receive(into buffer: inout [UInt8]) throws(SystemFailure) -> Int? {
        try checkIsOurs()
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(number, $0.baseAddress, $0.count, 0) }
            if count >= 0 { return count }
            if errno == EAGAIN { return nil }
            guard errno == EINTR else { throw SystemFailure("recv") }
        }
    }
}
