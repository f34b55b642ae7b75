// FileReader: the bytes of a file, if they may be believed and do not change meanwhile.
//
// Owns one look into one file. It never waits for a pipe or device: such things are not opened at all, and should one
// take the file's place in between, opening does not wait. What was opened is judged, not what the path named a moment
// ago. Neighbours: PathWalk has found the file, FileRecord decides what follows from the look.

/// What a look at a file has shown.
enum FileReading {
    /// These bytes, which are all and were not being changed.
    case content([UInt8])
    /// It cannot be used as it is.
    case unusable(ConfigError.Code, String)
    /// It was changed or replaced while it was looked at.
    case changing
    /// It is not there.
    case missing
}

/// Reads files.
enum FileReader {
    /// Bytes that are read at a time.
    private static let chunk = 256 << 10

    /// Reads the file at the real path `path`, which a walk has found to be as `status` says.
    static func read(_ path: String, _ status: FileStatus, user: UInt32) -> FileReading {
        if let objection = objection(to: status, user: user) { return objection }
        do throws(SystemFailure) {
            let descriptor = try FileCalls.open(path)
            let before = try FileStatus(of: descriptor)
            if let objection = objection(to: before, user: user) { return objection }
            guard let bytes = try content(of: descriptor, size: Int(before.size)) else { return .changing }
            return try FileStatus(of: descriptor) == before ? .content(bytes) : .changing
        } catch {
            if error.isMissing { return .missing }
            return .unusable(.system, error.error("cannot be read", path: nil).message)
        }
    }

    /// Why a file of this status is not read.
    private static func objection(to status: FileStatus, user: UInt32) -> FileReading? {
        guard status.kind == .regular else {
            return .unusable(.notAFile, "it is neither a regular file nor a directory")
        }
        if let objection = FileTrust.objection(toFile: status, user: user) { return .unusable(.untrusted, objection) }
        guard status.size <= FileConfigSource.maximumFileBytes else {
            return .unusable(.limit, "the file is longer than \(FileConfigSource.maximumFileBytes) bytes")
        }
        return nil
    }

    /// Exactly `size` bytes up to the end; nil when the end comes earlier or later, since then somebody is writing.
    private static func content(of descriptor: borrowing Descriptor, size: Int) throws(SystemFailure) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        var buffer = [UInt8](repeating: 0, count: min(chunk, size + 1))
        while true {
            let count = try read(descriptor, into: &buffer)
            if count == 0 { return bytes.count == size ? bytes : nil }
            guard bytes.count + count <= size else { return nil }
            bytes += buffer[..<count]
        }
    }

    /// Reads once; 0 at the end.
    private static func read(
        _ descriptor: borrowing Descriptor, into buffer: inout [UInt8]
    ) throws(SystemFailure) -> Int {
        var result: Result<Int, SystemFailure> = .success(0)
        buffer.withUnsafeMutableBytes { bytes in
            do throws(SystemFailure) {
                // A regular file never says that it would have to wait.
                result = .success(try descriptor.read(into: bytes) ?? 0)
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }
}
