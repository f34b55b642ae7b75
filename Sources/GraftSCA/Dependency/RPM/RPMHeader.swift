// RPMHeader.swift: an installed package, as rpm's database keeps it.
//
// Owns the layout of a header: a table of tags, and the data that they point into. It reads the few tags that tell a
// package's name, version and files, and leaves the rest. Neighbour: RPMDatabase.swift.

/// The header of an installed package.
struct RPMHeader {
    /// The tags that are read.
    enum Tag: Int {
        /// The package's name.
        case name = 1000
        /// The upstream version.
        case version = 1001
        /// The distribution's release of it.
        case release = 1002
        /// The number before the version.
        case epoch = 1003
        /// The file name of the source package.
        case source = 1044
        /// For each file, the number of its directory.
        case directoryIndexes = 1116
        /// For each file, its name in the directory.
        case names = 1117
        /// The directories.
        case directories = 1118
    }

    /// Where a tag's data is.
    private struct Entry {
        /// What it is: 4 is 32-bit numbers, 6 a text, 8 texts.
        var type: Int
        /// Where it begins.
        var start: Int
        /// How many values there are.
        var count: Int
    }

    /// The bytes of a table row.
    private static let entrySize = 16

    /// The header.
    private let bytes: [UInt8]
    /// The tags that it has.
    private var entries: [Tag: Entry] = [:]

    /// Reads a header's table.
    init(_ bytes: [UInt8]) throws(Damaged) {
        self.bytes = bytes
        let count = try bytes.index32(at: 0)
        guard count <= bytes.count / Self.entrySize else { throw Damaged() }
        let data = 8 + count * Self.entrySize
        for index in 0..<count {
            let row = 8 + index * Self.entrySize
            guard let tag = Tag(rawValue: try bytes.index32(at: row)) else { continue }
            entries[tag] = Entry(
                type: try bytes.index32(at: row + 4), start: data + (try bytes.index32(at: row + 8)),
                count: try bytes.index32(at: row + 12))
        }
    }

    /// The package.
    func package() throws(Damaged) -> Package {
        let name = try text(.name)
        let version = "\(try text(.version))-\(try text(.release))"
        let epoch = entries[.epoch] == nil ? "" : "\(try number(.epoch, at: 0)):"
        guard entries[.source] != nil else { return Package(name: name, version: epoch + version) }
        let source = Self.source(try text(.source))
        return Package(
            name: name, version: epoch + version, source: source?.name, sourceVersion: source.map { epoch + $0.version }
        )
    }

    /// The path of a file, by its number.
    func file(_ index: Int) throws(Damaged) -> [UInt8] {
        let directory = try number(.directoryIndexes, at: index)
        return Array(try text(.directories, at: directory) + (try text(.names, at: index)))
    }

    /// `openssl-3.0.7-25.el9.src.rpm`: the name, and the version with the release.
    private static func source(_ file: String) -> (name: String, version: String)? {
        let ending = [".src.rpm", ".nosrc.rpm"].first { file.hasSuffix($0) }
        let parts = file.dropLast(ending?.count ?? 0).split(separator: "-")
        guard ending != nil, parts.count > 2 else { return nil }
        return (parts.dropLast(2).joined(separator: "-"), parts.suffix(2).joined(separator: "-"))
    }

    /// A tag's one text.
    private func text(_ tag: Tag) throws(Damaged) -> String {
        String(decoding: try text(tag, at: 0), as: UTF8.self)
    }

    /// One of a tag's texts.
    private func text(_ tag: Tag, at index: Int) throws(Damaged) -> ArraySlice<UInt8> {
        guard let entry = entries[tag], entry.type == 6 || entry.type == 8, index >= 0, index < entry.count else {
            throw Damaged()
        }
        var position = entry.start
        for _ in 0..<index { position = try bytes.text(at: position).end }
        return try bytes.text(at: position).bytes
    }

    /// One of a tag's numbers.
    private func number(_ tag: Tag, at index: Int) throws(Damaged) -> Int {
        guard let entry = entries[tag], entry.type == 4, index >= 0, index < entry.count else { throw Damaged() }
        return try bytes.index32(at: entry.start + 4 * index)
    }
}
