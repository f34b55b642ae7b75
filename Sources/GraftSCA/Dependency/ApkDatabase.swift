// ApkDatabase.swift: Alpine's record of installed files.
//
// Owns the reading of /lib/apk/db/installed: one text with a stanza for each package, in which `F:` names a directory and
// `R:` a file in it. Nothing is kept in memory.

/// The packages that apk has installed.
package struct ApkDatabase: PackageDatabase {
    /// A package's stanza, as far as it has been read.
    private struct Stanza {
        /// Name, version and origin, by the letter of their lines.
        var fields: [UInt8: String] = [:]
        /// The directory of the files that follow, with its last slash.
        var directory: [UInt8] = []
        /// The files that are looked for.
        var found: [String] = []

        /// The package; nil without a name and a version.
        var package: Package? {
            guard let name = fields[UInt8(ascii: "P")], let version = fields[UInt8(ascii: "V")] else { return nil }
            return Package(name: name, version: version, source: fields[UInt8(ascii: "o")])
        }
    }

    /// Where the file may be; later releases moved it.
    private let databases: [String]

    /// The database below this directory.
    package init(root: String) {
        databases = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"].map { Files.join(root, $0) }
    }

    /// The packages that have these files.
    package func packages(owning files: SoughtFiles) -> [String: Package] {
        for database in databases {
            guard let bytes = Files.read(database, limit: PackageDatabases.maximumBytes) else { continue }
            return Self.packages(owning: files, in: bytes)
        }
        return [:]
    }

    /// The packages that have these files, in the text of a database.
    private static func packages(owning files: SoughtFiles, in bytes: [UInt8]) -> [String: Package] {
        var packages: [String: Package] = [:]
        var stanza = Stanza()
        var lines = bytes[...].lines
        while let line = lines.next() {
            if !line.isEmpty {
                read(line, into: &stanza, files)
                continue
            }
            for file in stanza.found { packages[file] = stanza.package }
            stanza = Stanza()
        }
        for file in stanza.found { packages[file] = stanza.package }
        return packages
    }

    /// Reads one line of a stanza.
    private static func read(_ line: ArraySlice<UInt8>, into stanza: inout Stanza, _ files: SoughtFiles) {
        guard let key = line.first, line.dropFirst().first == UInt8(ascii: ":") else { return }
        let value = line.dropFirst(2)
        let slash = UInt8(ascii: "/")
        switch key {
        case UInt8(ascii: "P"), UInt8(ascii: "V"), UInt8(ascii: "o"):
            stanza.fields[key] = String(decoding: value, as: UTF8.self)
        case UInt8(ascii: "F"):
            stanza.directory = [slash] + value + (value.isEmpty ? [] : [slash])
        case UInt8(ascii: "R"):
            if let file = files.match((stanza.directory + value)[...]) { stanza.found.append(file) }
        default: return
        }
    }
}
