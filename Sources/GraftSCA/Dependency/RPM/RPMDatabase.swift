// RPMDatabase.swift: the record of installed files of distributions that use rpm.
//
// Owns the questions to rpm's SQLite database: which packages have a file of this name, and is it this file. No other
// program is asked, and nothing is kept in memory. A database that is damaged, that is being changed, or that has one of
// rpm's older formats (Berkeley DB, ndb), tells nothing: then the package of an image is unknown. Neighbours:
// SQLiteReader.swift, RPMHeader.swift.

/// The packages that rpm has installed.
package struct RPMDatabase: PackageDatabase {
    /// Where the file may be; later releases moved it.
    private let databases: [String]

    /// The database below this directory.
    package init(root: String) {
        databases = ["/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite"].map { Files.join(root, $0) }
    }

    /// The packages that have these files.
    package func packages(owning files: SoughtFiles) -> [String: Package] {
        for database in databases {
            guard var reader = SQLiteReader(path: database) else { continue }
            guard let packages = try? Self.packages(owning: files, &reader), reader.isUnchanged else { return [:] }
            return packages
        }
        return [:]
    }

    /// The packages that have these files, by the index of file names.
    private static func packages(
        owning files: SoughtFiles, _ reader: inout SQLiteReader
    ) throws(Damaged) -> [String: Package] {
        guard let packages = try reader.root("Packages"), let names = try reader.root("Basenames"),
            let index = try reader.root("Basenames_key_idx")
        else { throw Damaged() }
        var found: [String: Package] = [:]
        var headers: [Int64: RPMHeader] = [:]
        for file in files.all {
            let name = Array(file.utf8.reversed().prefix { $0 != UInt8(ascii: "/") }.reversed())
            for row in try reader.rows(key: name, root: index) {
                guard let values = try reader.row(row, root: names), values.count > 2,
                    case .integer(let package) = values[1], case .integer(let position) = values[2]
                else { throw Damaged() }
                if headers[package] == nil { headers[package] = try header(package, &reader, packages) }
                guard let header = headers[package] else { throw Damaged() }
                guard try header.file(Int(position)).elementsEqual(file.utf8) else { continue }
                found[file] = try header.package()
            }
        }
        return found
    }

    /// The header of a package.
    private static func header(
        _ package: Int64, _ reader: inout SQLiteReader, _ root: Int
    ) throws(Damaged) -> RPMHeader {
        guard case .bytes(let blob)? = try reader.row(package, root: root)?.last else { throw Damaged() }
        return try RPMHeader(Array(blob))
    }
}
