// PackageDatabase.swift: which package a file belongs to.
//
// Owns the role and the choice of databases. Debian's and Alpine's are text and are read; rpm's is an SQLite file, which
// this module does not read and will not ask another program about from inside a host: there the package of an image is
// unknown, and an advisory for it is instrumented all the same. Neighbours: DpkgDatabase.swift, ApkDatabase.swift,
// ImagePackages.swift asks.

/// A distribution's record of installed files.
package protocol PackageDatabase: Sendable {
    /// The package that has a file with one of these names; nil when none has. Reads files.
    func package(owning paths: [String]) -> Package?
}

/// The databases of a file system.
package enum PackageDatabases {
    /// The most bytes of one database file that are read.
    package static let maximumBytes = 64 << 20

    /// The databases that may be found below this directory, which is `/` but for tests.
    package static func all(root: String) -> [any PackageDatabase] {
        [DpkgDatabase(root: root), ApkDatabase(root: root)]
    }
}
