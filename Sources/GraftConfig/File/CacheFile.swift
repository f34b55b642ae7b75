// CacheFile: a file that is read and replaced whole, and is its owner's alone.
//
// Owns the system calls and the trust in what they find. A new content is written beside the file, under one name whoever
// writes, so that what a killed process leaves behind is used again and never piles up; a lock on it keeps writers apart.
// It reaches the disk before it is renamed over the old one, and the folder after that. Neighbours: RemoteConfigCache and
// StreamCacheFile know what is in it.

internal import Glibc

/// flock(2), whose name a structure of the Glibc module has taken.
@_silgen_name("flock")
private func linux_flock(_ descriptor: Int32, _ operation: Int32) -> Int32

/// A file of this user's.
package struct CacheFile: Sendable {
    /// Its absolute path.
    package let path: String

    /// The file at this path, which need not be there.
    package init(path: String) { self.path = path }

    /// The file at `path`, if that can be one's: a program may change its folder.
    ///
    /// - Throws: `badPath` unless the path is absolute and names a file.
    package init(checking path: String) throws(ConfigError) {
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.last != UInt8(ascii: "/"), !path.utf8.contains(0) else {
            throw ConfigError(.badPath, "the path of a cache is absolute and names a file", path: path)
        }
        self.path = path
    }

    /// Permissions: the owner's, to read and to write.
    private static let permissions: mode_t = 0o600
    /// How often a file that another process is just putting in place is looked for anew.
    private static let tries = 8

    /// What to say of a file past the limit.
    package static func tooLong(_ limit: Int) -> ConfigError {
        ConfigError(.limit, "a cache has at most \(limit) bytes")
    }

    /// What is in it; nil when there is no file.
    package func read(atMost limit: Int) throws(ConfigError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        if descriptor < 0, errno == ENOENT { return nil }
        if descriptor < 0, errno == ELOOP { throw Self.distrust("it is a symbolic link") }
        guard descriptor >= 0 else { throw Self.failure("open") }
        defer { close(descriptor) }
        let status = try Self.trusted(descriptor)
        guard status.st_size <= limit else { throw Self.tooLong(limit) }
        return try Self.bytes(of: descriptor, count: Int(status.st_size))
    }

    /// Puts a file with `bytes` in its place.
    package func replace(with bytes: [UInt8]) throws(ConfigError) {
        try checkPlace()
        let new = path + ".new"
        let descriptor = try Self.locked(new)
        // Closing gives the lock back.
        defer { close(descriptor) }
        do throws(ConfigError) {
            guard fchmod(descriptor, Self.permissions) == 0 else { throw Self.failure("fchmod") }
            guard ftruncate(descriptor, 0) == 0 else { throw Self.failure("ftruncate") }
            try Self.write(bytes, to: descriptor)
            guard fsync(descriptor) == 0 else { throw Self.failure("fsync") }
            guard rename(new, path) == 0 else { throw Self.failure("rename") }
        } catch {
            unlink(new)
            throw error
        }
        try syncFolder()
    }
}

// MARK: Trust

extension CacheFile {
    /// Checks that nobody else can have written what is open, nor read it; its status.
    private static func trusted(_ descriptor: Int32) throws(ConfigError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
        try check(status)
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw distrust("others than its owner have rights to it: its mode is 0\(mode), and must be 0600")
        }
        return status
    }

    /// Checks that it is a file of this user's.
    private static func check(_ status: stat) throws(ConfigError) {
        guard status.st_mode & S_IFMT == S_IFREG else { throw distrust("it is not a regular file") }
        guard status.st_uid == geteuid() else {
            throw distrust("its owner is user \(status.st_uid), and this is user \(geteuid())")
        }
    }

    /// Checks that what is to be replaced, if there is anything, is a file of this user's.
    private func checkPlace() throws(ConfigError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw Self.failure("lstat") }
            return
        }
        try Self.check(status)
    }

    /// What to say of a file that is not to be trusted.
    private static func distrust(_ why: String) -> ConfigError {
        ConfigError(.untrusted, "the cache is not to be trusted: \(why)")
    }

    /// What errno says of a call that has just failed.
    private static func failure(_ call: String) -> ConfigError {
        let failure = SystemFailure(call)
        return ConfigError(.system, "\(failure.call): \(failure.text) (errno \(failure.number))")
    }
}

// MARK: Calls

extension CacheFile {
    /// Opens the file that is written to, and locks it. A process that has renamed it meanwhile has taken its name along.
    private static func locked(_ path: String) throws(ConfigError) -> Int32 {
        for _ in 0..<tries {
            let flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY
            let descriptor = open(path, flags, permissions)
            guard descriptor >= 0 else { throw failure("open \(path)") }
            do throws(ConfigError) {
                if try isLocked(descriptor, path) { return descriptor }
            } catch {
                close(descriptor)
                throw error
            }
            close(descriptor)
        }
        throw ConfigError(.system, "other processes keep writing the cache")
    }

    /// Locks what is open; false when the path names another file by now.
    private static func isLocked(_ descriptor: Int32, _ path: String) throws(ConfigError) -> Bool {
        while linux_flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw failure("flock") }
        }
        var status = stat()
        var named = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
        try check(status)
        guard status.st_nlink <= 1 else { throw distrust("\(path) has another name besides") }
        guard lstat(path, &named) == 0 else {
            guard errno == ENOENT else { throw failure("lstat") }
            return false
        }
        return named.st_ino == status.st_ino && named.st_dev == status.st_dev
    }

    /// Reads so many bytes; a file that has fewer by now has just those.
    private static func bytes(of descriptor: Int32, count: Int) throws(ConfigError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + done, count - done) }
            if got == 0 { break }
            if got < 0 {
                guard errno == EINTR else { throw failure("read") }
            } else {
                done += got
            }
        }
        return Array(bytes.prefix(done))
    }

    /// Writes all of `bytes`.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(ConfigError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done) }
            if count < 0 {
                guard errno == EINTR else { throw failure("write") }
            } else {
                done += count
            }
        }
    }

    /// Has the new name reach the disk.
    private func syncFolder() throws(ConfigError) {
        let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
        let folder = end == path.startIndex ? "/" : String(path[..<end])
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open \(folder)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure("fsync \(folder)") }
    }
}
