// DpkgStanza.swift: what dpkg writes of one package: lines of fields, up to an empty one.
//
// Owns the reading of the fields that matter. Lines that continue a field begin with a space and so are none of them.
// Neighbours: DpkgDatabase.swift finds stanzas in one file, DistrolessDatabase.swift in a file each.

/// The fields of one package.
struct DpkgStanza {
    /// The fields that matter, by name.
    private var fields: [String: String] = [:]

    /// Reads the next stanza that has any of the fields; nil when there is none.
    init?(_ lines: inout ByteLines) {
        while let line = lines.next() {
            if line.isEmpty && !fields.isEmpty { return }
            for (field, mark) in Self.marks where line.starts(with: mark) {
                fields[field] = String(decoding: line.dropFirst(mark.count), as: UTF8.self)
            }
        }
        guard !fields.isEmpty else { return nil }
    }

    /// The names by which a list of files may call the package: `libpq5`, `libpq5:amd64`.
    var names: [String] {
        guard let name = fields["Package"] else { return [] }
        return [name, "\(name):\(fields["Architecture"] ?? "")"]
    }

    /// The package; nil without a name and a version.
    var package: Package? {
        guard let name = fields["Package"], let version = fields["Version"] else { return nil }
        let source = Self.readSource(fields["Source"])
        return Package(name: name, version: version, source: source.name, sourceVersion: source.version)
    }

    /// The fields that matter, and how their lines begin.
    private static let marks = ["Package", "Architecture", "Version", "Source"].map { ($0, Array("\($0): ".utf8)) }

    /// `postgresql-15` or `glibc (2.36-9)`: the source's name, and its version where it differs from the package's.
    private static func readSource(_ field: String?) -> (name: String?, version: String?) {
        guard let field else { return (nil, nil) }
        let parts = field.split(separator: " ", maxSplits: 1)
        let version = parts.count > 1 ? parts[1].drop { $0 == "(" }.prefix { $0 != ")" } : nil
        return (parts.first.map(String.init), version.map(String.init))
    }
}
