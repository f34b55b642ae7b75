// LoadedImages.swift: the files whose code is mapped into this process.
//
// Owns the reading of /proc/self/maps. It says what is mapped, not what the dynamic linker thinks. Neighbour:
// Affected.swift guesses from it which file a target means before anything is installed.

/// The images of a process.
package struct LoadedImages: Hashable, Sendable {
    /// The most bytes of a maps file that are read.
    package static let maximumBytes = 64 << 20

    /// The paths of the mapped files that have code, sorted.
    package let paths: [String]
    /// Their file names, in the same order.
    private let fileNames: [[UInt8]]
    /// Those whose file has been replaced or deleted since, as after an upgrade without a restart, sorted.
    package let replaced: [String]
    /// The path of the program itself; empty when it is not known.
    package let executable: String

    /// Images with these paths.
    package init(paths: [String] = [], replaced: [String] = [], executable: String = "") {
        self.paths = paths
        fileNames = paths.map { Array(Self.fileName($0).utf8) }
        self.replaced = replaced
        self.executable = executable
    }

    /// The images of this process.
    package static func current() -> LoadedImages {
        guard let bytes = Files.read("/proc/self/maps", limit: maximumBytes) else { return LoadedImages() }
        let executable = Files.realPath("/proc/self/exe") ?? ""
        return LoadedImages(maps: bytes, executable: executable)
    }

    /// The images in the text of a maps file: those with an executable mapping.
    package init(maps bytes: [UInt8], executable: String) {
        var (paths, replaced): (Set<String>, Set<String>) = ([], [])
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            // address perms offset dev inode path: the path is what follows five fields, spaces and all.
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count == 6, fields[1].contains(UInt8(ascii: "x")) else { continue }
            let path = String(decoding: fields[5].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
            guard path.hasPrefix("/") else { continue }
            let kept = path.hasSuffix(Self.deleted) ? String(path.dropLast(Self.deleted.count)) : path
            paths.insert(kept)
            if kept != path { replaced.insert(kept) }
        }
        self.init(paths: paths.sorted(), replaced: replaced.sorted(), executable: executable)
    }

    /// What the kernel writes behind the path of a file that is no longer there.
    private static let deleted = " (deleted)"

    /// Whether the file of an image may be another one than the one that was loaded: then what a package database says of
    /// the file is not true of the image. Compared by file name, since the path may lead through a link that has been
    /// changed: `libpq.so.5` is `libpq.so.5.15`.
    package func isReplaced(_ image: String) -> Bool {
        guard !replaced.isEmpty else { return false }
        let name = Self.fileName(image)
        return replaced.contains { path in
            let other = Self.fileName(path)
            return other == name || other.hasPrefix(name + ".") || name.hasPrefix(other + ".")
        }
    }

    /// The part of a path after its last slash.
    private static func fileName(_ path: String) -> Substring {
        path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
    }

    /// The files that a target's image part may mean: `libpq.so.5` is also `libpq.so.5.15`. Empty when its text does not
    /// say: `*`, a build-id, a Swift module.
    package func matching(target text: String) -> [String] {
        guard let colon = text.firstIndex(of: ":") else { return [] }
        let part = text[..<colon]
        if part.isEmpty { return executable.isEmpty ? [] : [executable] }
        if part == "*" || part == "build-id" { return [] }
        // By bytes: a payload may have ten thousand targets, and a process hundreds of images. Besides, the search for a text
        // in a text is of the library of regular expressions: a megabyte more in every process that has the agent.
        let name = Array(part.utf8)
        if name.contains(UInt8(ascii: "/")) { return paths.filter { $0 == part } }
        guard name.indices.contains(where: { name[$0...].starts(with: ".so".utf8) }) else { return [] }
        return zip(fileNames, paths).filter { other, _ in
            other.starts(with: name) && (other.count == name.count || other[name.count] == UInt8(ascii: "."))
        }.map(\.1)
    }
}
