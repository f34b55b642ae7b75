// DpkgDatabase.swift: Debian's record of installed files.
//
// Owns the reading of /var/lib/dpkg: the lists say which package has a file, the status says its version. Nothing is kept
// in memory: an image is asked for once (ImagePackages.swift remembers), and a host should not carry an index for that.

/// The packages that dpkg has installed.
package struct DpkgDatabase: PackageDatabase {
    /// The ending of a list's name.
    private static let ending = ".list"

    /// The directory that holds `info` and `status`.
    private let directory: String

    /// The database below this directory.
    package init(root: String) { directory = Files.join(root, "/var/lib/dpkg") }

    /// The packages that have these files.
    package func packages(owning files: SoughtFiles) -> [String: Package] {
        let owners = owners(of: files)
        guard !owners.isEmpty else { return [:] }
        let packages = packages(named: Set(owners.values))
        return owners.compactMapValues { packages[$0] }
    }

    /// The name of the list, without its ending, that has a line with each of these files: `libpq5:amd64`.
    private func owners(of files: SoughtFiles) -> [String: String] {
        var owners: [String: String] = [:]
        for name in Files.names(in: "\(directory)/info", endingWith: Self.ending) ?? [] {
            let path = "\(directory)/info/\(name)"
            guard let bytes = Files.read(path, limit: PackageDatabases.maximumBytes) else { continue }
            var lines = bytes[...].lines
            while let line = lines.next() {
                guard let file = files.match(line) else { continue }
                owners[file] = String(name.dropLast(Self.ending.count))
            }
        }
        return owners
    }

    /// The packages with these names, `libpq5` or `libpq5:amd64`, in the status file.
    private func packages(named names: Set<String>) -> [String: Package] {
        guard let bytes = Files.read("\(directory)/status", limit: PackageDatabases.maximumBytes) else { return [:] }
        var packages: [String: Package] = [:]
        let heading = Array("Package: ".utf8)
        var lines = bytes[...].lines
        while let line = lines.next() {
            guard line.starts(with: heading) else { continue }
            let name = String(decoding: line.dropFirst(heading.count), as: UTF8.self)
            let stanza = Self.readStanza(&lines)
            let known = [name, "\(name):\(stanza["Architecture"] ?? "")"].filter(names.contains)
            guard !known.isEmpty, let version = stanza["Version"] else { continue }
            let source = Self.readSource(stanza["Source"])
            for key in known {
                packages[key] = Package(
                    name: name, version: version, source: source.name, sourceVersion: source.version)
            }
        }
        return packages
    }

    /// The fields that matter, up to the empty line that ends the stanza.
    private static func readStanza(_ lines: inout ByteLines) -> [String: String] {
        var fields: [String: String] = [:]
        while let line = lines.next(), !line.isEmpty {
            for (field, mark) in Self.fields where line.starts(with: mark) {
                fields[field] = String(decoding: line.dropFirst(mark.count), as: UTF8.self)
            }
        }
        return fields
    }

    /// The fields that matter, and how their lines begin.
    private static let fields = ["Architecture", "Version", "Source"].map { ($0, Array("\($0): ".utf8)) }

    /// `postgresql-15` or `glibc (2.36-9)`: the source's name, and its version where it differs from the package's.
    private static func readSource(_ field: String?) -> (name: String?, version: String?) {
        guard let field else { return (nil, nil) }
        let parts = field.split(separator: " ", maxSplits: 1)
        let version = parts.count > 1 ? parts[1].drop { $0 == "(" }.prefix { $0 != ")" } : nil
        return (parts.first.map(String.init), version.map(String.init))
    }
}
