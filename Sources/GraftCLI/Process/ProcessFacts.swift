// ProcessFacts.swift: what /proc says of another process.
//
// Owns the reading and the grammar of four of its files. What may not be read is nil, never a guess. Neighbours:
// StatusCommand.swift and ExplainCommand.swift ask.

internal import Glibc

/// What is known of a process.
struct ProcessFacts: Hashable, Sendable {
    /// Its number.
    let process: pid_t
    /// The user whose rights it has.
    let user: uid_t

    /// Bytes that are read of one file of /proc.
    static let fileMaximum = 64 << 20

    /// Looks at a process.
    init(process: pid_t) throws(Refusal) {
        self.process = process
        guard let text = Self.read("/proc/\(process)/status"), let user = Self.effectiveUser(status: text) else {
            throw Refusal("no such process", place: "process \(process)", exitCode: ExitCode.failure)
        }
        self.user = user
    }

    /// Whether it still runs: neither gone nor a zombie.
    var isAlive: Bool {
        guard let text = Self.read("/proc/\(process)/status") else { return false }
        let state = Self.field("State", status: text).flatMap(\.first)
        return state != "Z" && state != "X"
    }

    /// The environment that it was started with; nil when that may not be read.
    var environment: [String]? {
        Self.read("/proc/\(process)/environ").map { text in
            text.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The files that it has mapped with the right to execute; nil when that may not be read.
    var executableFiles: [MappedFile]? {
        Self.read("/proc/\(process)/maps").map { MappedFile.executable(maps: String(decoding: $0, as: UTF8.self)) }
    }

    /// The path of its executable.
    var executable: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/\(process)/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The second number of the field `Uid`: the effective one.
    static func effectiveUser(status: [UInt8]) -> uid_t? {
        guard let words = field("Uid", status: status)?.split(separator: "\t"), words.count >= 2 else { return nil }
        return uid_t(words[1])
    }

    /// The value of a field of /proc/PID/status.
    static func field(_ name: String, status: [UInt8]) -> String? {
        for line in String(decoding: status, as: UTF8.self).split(separator: "\n") where line.hasPrefix("\(name):") {
            return String(line.dropFirst(name.count + 1).drop { $0 == "\t" || $0 == " " })
        }
        return nil
    }

    /// The whole of a file, up to the limit; nil when it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < fileMaximum {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }
}

/// A file that a process has mapped.
struct MappedFile: Hashable, Sendable {
    /// Its path when it was mapped.
    var path: String
    /// Whether it has been deleted or replaced since.
    var isDeleted: Bool

    /// The files with executable mappings in the text of /proc/PID/maps, each once, in order of address.
    static func executable(maps: String) -> [MappedFile] {
        var seen: Set<MappedFile> = []
        return maps.split(separator: "\n").compactMap { line in
            guard let file = file(line: line), seen.insert(file).inserted else { return nil }
            return file
        }
    }

    /// The file of one line: `address perms offset device inode path`, when it may be executed and is a file.
    private static func file(line: Substring) -> MappedFile? {
        let parts = line.split(separator: " ", maxSplits: 5)
        guard parts.count == 6, parts[1].dropFirst(2).first == "x", parts[4] != "0" else { return nil }
        let path = parts[5].drop { $0 == " " }
        guard path.first == "/" else { return nil }
        let mark = " (deleted)"
        let isDeleted = path.hasSuffix(mark)
        return MappedFile(path: String(isDeleted ? path.dropLast(mark.count) : path), isDeleted: isDeleted)
    }
}
