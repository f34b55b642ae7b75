// DistrolessDatabase.swift: the record of installed files in images that were put together from Debian's packages without
// dpkg.
//
// Owns the reading of /var/lib/dpkg/status.d: a file for each package holds its stanza, and one beside it, with the ending
// `.md5sums`, lists its files. An older image has no such lists: its files belong to no package that is known. Nothing is
// kept in memory. Neighbours: DpkgDatabase.swift, DpkgStanza.swift.

/// The packages of a distroless image.
package struct DistrolessDatabase: PackageDatabase {
    /// The ending of a list's name.
    private static let ending = ".md5sums"
    /// The characters of a checksum.
    private static let digits = 32

    /// The directory of stanzas and lists.
    private let directory: String

    /// The database below this directory.
    package init(root: String) { directory = Files.join(root, "/var/lib/dpkg/status.d") }

    /// The packages that have these files.
    package func packages(owning files: SoughtFiles) -> [String: Package] {
        var packages: [String: Package] = [:]
        for list in Files.names(in: directory, endingWith: Self.ending) ?? [] {
            let found = self.files(files, in: list)
            guard !found.isEmpty, let package = package(named: String(list.dropLast(Self.ending.count))) else {
                continue
            }
            for file in found { packages[file] = package }
        }
        return packages
    }

    /// Those of the files that a list has.
    private func files(_ files: SoughtFiles, in list: String) -> [String] {
        guard let bytes = Files.read("\(directory)/\(list)", limit: PackageDatabases.maximumBytes) else { return [] }
        var found: [String] = []
        var lines = bytes[...].lines
        while let line = lines.next() {
            guard let path = Self.readPath(line), let file = files.match(path) else { continue }
            found.append(file)
        }
        return found
    }

    /// The file of a line, `0123… (32 digits)  usr/lib/libpq.so.5.15`, as a path from the root; nil for another line.
    private static func readPath(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let (space, star) = (UInt8(ascii: " "), UInt8(ascii: "*"))
        let rest = line.dropFirst(digits)
        guard let first = rest.first, first == space, let kind = rest.dropFirst().first, kind == space || kind == star
        else { return nil }
        var path = rest.dropFirst(2)
        if path.starts(with: "./".utf8) { path = path.dropFirst(2) }
        if path.first == UInt8(ascii: "/") { path = path.dropFirst() }
        return ([UInt8(ascii: "/")] + path)[...]
    }

    /// The package whose stanza is in this file.
    private func package(named name: String) -> Package? {
        guard let bytes = Files.read("\(directory)/\(name)", limit: PackageDatabases.maximumBytes) else { return nil }
        var lines = bytes[...].lines
        return DpkgStanza(&lines)?.package
    }
}
