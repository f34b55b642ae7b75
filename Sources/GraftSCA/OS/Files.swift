// Files.swift: the few things that the product reads from the file system.
//
// Owns the system calls of this module: read a file up to a limit, list a directory, resolve links. It never writes, and
// never runs another program. A failure is nil: every caller has a sensible answer for "cannot be read".

private import Glibc

/// Reading from the file system, without Foundation.
enum Files {
    /// The most names that are read of one directory.
    static let maximumNames = 1 << 18

    /// The bytes of a file; nil when it cannot be read or is longer than `limit`.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0, bytes.count + count <= limit else { return nil }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// The names in a directory that end with `suffix`, sorted; nil when it cannot be read or has too many.
    static func names(in directory: String, endingWith suffix: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        var seen = 0
        while let entry = readdir(stream) {
            seen += 1
            guard seen <= maximumNames else { return nil }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names.sorted()
    }

    /// The path without links; nil when nothing is there.
    static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// A path below a root; the root `/` adds nothing.
    static func join(_ root: String, _ path: String) -> String {
        var root = root[...]
        while root.last == "/" { root = root.dropLast() }
        return String(root) + path
    }
}
