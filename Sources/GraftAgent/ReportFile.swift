// ReportFile.swift: puts a report where a reader sees either the old one or the new one, never half of one.
//
// Owns the temporary file beside the report. It is the owner's alone (0600): a report names files and functions of a
// program. A path that names something other than a plain file, such as /dev/stderr or a pipe, is written to as it is.

internal import Glibc

/// Writes whole files.
package enum ReportFile {
    /// Replaces the file at `path`, or writes to the device or pipe there.
    package static func write(_ bytes: [UInt8], to path: String) throws(AgentError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            return try fill(path, flags: O_WRONLY | O_CLOEXEC | O_NOCTTY, with: bytes)
        }
        let temporary = "\(path).\(getpid()).tmp"
        unlink(temporary)
        do throws(AgentError) {
            try fill(temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, with: bytes)
            guard rename(temporary, path) == 0 else { throw AgentError(call: "rename", place: path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Opens a file and writes all bytes.
    private static func fill(_ path: String, flags: Int32, with bytes: [UInt8]) throws(AgentError) {
        let file = open(path, flags, 0o600)
        guard file >= 0 else { throw AgentError(call: "open", place: path) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw AgentError(call: "write", place: path) }
            rest = rest.dropFirst(count)
        }
    }
}
