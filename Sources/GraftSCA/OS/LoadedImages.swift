// LoadedImages.swift: the files whose code is mapped into this process.
//
// Owns the reading of /proc/self/maps. It says what is mapped, not what the dynamic linker thinks. Neighbour:
// Affected.swift guesses from it which file a target means before anything is installed.

/// The images of a process.
package struct LoadedImages: Hashable, Sendable {
    /// The most bytes of a maps file that are read.
    package static let maximumBytes = 64 << 20

    /// The paths of the mapped files that have code, sorted.
    package var paths: [String]
    /// The path of the program itself; empty when it is not known.
    package var executable: String

    /// Images with these paths.
    package init(paths: [String] = [], executable: String = "") {
        self.paths = paths
        self.executable = executable
    }

    /// The images of this process.
    package static func current() -> LoadedImages {
        guard let bytes = Files.read("/proc/self/maps", limit: maximumBytes) else { return LoadedImages() }
        return LoadedImages(
            paths: paths(inMaps: bytes), executable: Files.realPath("/proc/self/exe") ?? "")
    }

    /// The files with an executable mapping, in the text of a maps file.
    package static func paths(inMaps bytes: [UInt8]) -> [String] {
        var paths: Set<String> = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            // address perms offset dev inode path: the path is what follows five fields, spaces and all.
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count == 6, fields[1].contains(UInt8(ascii: "x")) else { continue }
            let path = fields[5].drop { $0 == UInt8(ascii: " ") }
            guard path.first == UInt8(ascii: "/") else { continue }
            paths.insert(String(decoding: path, as: UTF8.self))
        }
        return paths.sorted()
    }

    /// The files that a target's image part may mean: `libpq.so.5` is also `libpq.so.5.15`. Empty when its text does not
    /// say: `*`, a build-id, a Swift module.
    package func matching(target text: String) -> [String] {
        guard let colon = text.firstIndex(of: ":") else { return [] }
        let part = text[..<colon]
        if part.isEmpty { return executable.isEmpty ? [] : [executable] }
        if part == "*" || part == "build-id" { return [] }
        if part.contains("/") { return paths.filter { $0 == part } }
        guard part.contains(".so") else { return [] }
        return paths.filter { path in
            let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
            return name == part || name.hasPrefix(part + ".")
        }
    }
}
