// DpkgDatabase.swift: Debian's record of installed files.
//
// Owns the reading of /var/lib/dpkg: the lists say which package has a file, the status says its version. Nothing is kept
// in memory: an image is asked for once (ImagePackages.swift remembers), and a host should not carry an index for that.

/// The packages that dpkg has installed.
package struct DpkgDatabase: PackageDatabase {
    /// The directory that holds `info` and `status`.
    private let directory: String

    /// The database below this directory.
    package init(root: String) { directory = Files.join(root, "/var/lib/dpkg") }

    /// The package that has a file with one of these names.
    package func package(owning paths: [String]) -> Package? {
        guard let list = list(naming: paths) else { return nil }
        let parts = list.split(separator: ":", maxSplits: 1)
        return package(named: String(parts[0]), architecture: parts.count > 1 ? String(parts[1]) : nil)
    }

    /// The name of the list, without its ending, that has a line with one of these paths: `libpq5:amd64`.
    private func list(naming paths: [String]) -> String? {
        let wanted = paths.map { Array($0.utf8) }
        let ending = ".list"
        for name in Files.names(in: "\(directory)/info", endingWith: ending) ?? [] {
            guard let bytes = Files.read("\(directory)/info/\(name)", limit: PackageDatabases.maximumBytes) else {
                continue
            }
            if Files.lines(of: bytes, include: wanted) { return String(name.dropLast(ending.count)) }
        }
        return nil
    }

    /// The package with this name, in the status file.
    private func package(named name: String, architecture: String?) -> Package? {
        guard let bytes = Files.read("\(directory)/status", limit: PackageDatabases.maximumBytes) else { return nil }
        let heading = Array("Package: \(name)".utf8)
        var lines = bytes[...].lines
        while let line = lines.next() {
            guard line.elementsEqual(heading) else { continue }
            let stanza = Self.readStanza(&lines)
            guard architecture == nil || stanza["Architecture"] == architecture else { continue }
            guard let version = stanza["Version"] else { continue }
            let source = Self.readSource(stanza["Source"])
            return Package(name: name, version: version, source: source.name, sourceVersion: source.version)
        }
        return nil
    }

    /// The fields that matter, up to the empty line that ends the stanza.
    private static func readStanza(_ lines: inout ByteLines) -> [String: String] {
        var fields: [String: String] = [:]
        while let line = lines.next(), !line.isEmpty {
            let text = String(decoding: line, as: UTF8.self)
            for field in ["Architecture", "Version", "Source"] where text.hasPrefix(field + ": ") {
                fields[field] = String(text.dropFirst(field.count + 2))
            }
        }
        return fields
    }

    /// `postgresql-15` or `glibc (2.36-9)`: the source's name, and its version where it differs from the package's.
    private static func readSource(_ field: String?) -> (name: String?, version: String?) {
        guard let field else { return (nil, nil) }
        let parts = field.split(separator: " ", maxSplits: 1)
        let version = parts.count > 1 ? parts[1].drop { $0 == "(" }.prefix { $0 != ")" } : nil
        return (parts.first.map(String.init), version.map(String.init))
    }
}
