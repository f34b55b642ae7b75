// PackageDatabase.swift: which package a file belongs to.
//
// Owns the role and the choice of databases. They are read, never asked for through another program: this runs inside a
// host. Where none knows a file, its package is unknown, and an advisory for it is instrumented all the same. Neighbours:
// DpkgDatabase.swift, DistrolessDatabase.swift, ApkDatabase.swift, RPM/RPMDatabase.swift; ImagePackages.swift asks.

/// A distribution's record of installed files.
package protocol PackageDatabase: Sendable {
    /// The packages that have these files, by file; files that none has are absent. Reads each database file once,
    /// however many files are asked for.
    func packages(owning files: SoughtFiles) -> [String: Package]
}

/// The databases of a file system.
package enum PackageDatabases {
    /// The most bytes of one database file that are read; one that is longer is left out.
    package static let maximumBytes = 64 << 20

    /// The databases that may be found below this directory, which is `/` but for tests.
    package static func all(root: String) -> [any PackageDatabase] {
        [
            DpkgDatabase(root: root), DistrolessDatabase(root: root), ApkDatabase(root: root), RPMDatabase(root: root),
        ]
    }
}

/// Names of files that are looked for among many others.
package struct SoughtFiles: Sendable {
    /// The names, as bytes.
    private let names: Set<ArraySlice<UInt8>>
    /// Whether any name has this many bytes: most names of a database are told apart by that alone.
    private let hasLength: [Bool]

    /// These names.
    package init(_ names: some Sequence<String>) {
        let all = Set(names.map { ArraySlice($0.utf8) })
        var hasLength = [Bool](repeating: false, count: (all.map(\.count).max() ?? 0) + 1)
        for name in all { hasLength[name.count] = true }
        self.names = all
        self.hasLength = hasLength
    }

    /// The names, sorted.
    package var all: [String] { names.map { String(decoding: $0, as: UTF8.self) }.sorted() }

    /// The name that these bytes are; nil when it is not looked for.
    package func match(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.count < hasLength.count, hasLength[bytes.count], names.contains(bytes) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
