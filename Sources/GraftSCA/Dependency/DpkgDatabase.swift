// DpkgDatabase.swift: Debian's record of installed files.
//
// Owns the reading of /var/lib/dpkg: the lists say which package has a file, the status says its version. Nothing is kept
// in memory: an image is asked for once (ImagePackages.swift remembers), and a host should not carry an index for that.
// Neighbours: DpkgStanza.swift reads a package, DistrolessDatabase.swift knows images that dpkg itself never saw.

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
        var lines = bytes[...].lines
        while let stanza = DpkgStanza(&lines) {
            let known = stanza.names.filter(names.contains)
            guard !known.isEmpty, let package = stanza.package else { continue }
            for name in known { packages[name] = package }
        }
        return packages
    }
}
