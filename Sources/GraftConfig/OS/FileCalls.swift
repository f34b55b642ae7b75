// FileCalls: the system calls about paths and directories, one function each.
//
// Owns the calls; decides nothing. Nothing here waits for anything but the file system. Neighbours: PathWalk,
// FileReader, FileSurvey.

internal import Glibc

/// System calls about paths.
enum FileCalls {
    /// What the symbolic link at `path` says; nil when that is not UTF-8.
    static func readLink(_ path: String) throws(SystemFailure) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        guard count >= 0 else { throw SystemFailure("readlink") }
        return String(validating: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Opens `path` for reading. Never waits for the other end of a pipe, never follows a link, never becomes the
    /// controlling terminal.
    static func open(_ path: String) throws(SystemFailure) -> Descriptor {
        let flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW
        return try Descriptor(Glibc.open(path, flags), from: "open")
    }

    /// Whether nobody can write to the file system that `path` is on by way of this mount; false when not known.
    static func isOnReadOnlyMount(_ path: String) -> Bool {
        var raw = statvfs()
        return statvfs(path, &raw) == 0 && raw.f_flag & UInt(ST_RDONLY) != 0
    }

    /// The absolute path of the working directory.
    static func workingDirectory() throws(SystemFailure) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { throw SystemFailure("getcwd") }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Calls `body` with each name in the directory until it returns false; nil stands for a name that is not UTF-8.
    static func eachName(in directory: String, _ body: (String?) -> Bool) throws(SystemFailure) {
        guard let stream = opendir(directory) else { throw SystemFailure("opendir") }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw SystemFailure("readdir") }
                return
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard body(name) else { return }
        }
    }

    /// The user whose rights the process has.
    static var effectiveUser: UInt32 { geteuid() }
}
