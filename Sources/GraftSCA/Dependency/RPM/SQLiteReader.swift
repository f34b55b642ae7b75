// SQLiteReader.swift: rows of an SQLite database, by number and by an index.
//
// Owns the walk down the B-trees: a look-up reads a few pages, however large the file is. Neighbours: SQLiteFile.swift,
// SQLitePage.swift, RPMDatabase.swift asks.

/// A database that is read.
struct SQLiteReader: ~Copyable {
    /// The deepest tree that is walked. With the smallest pages that is far more rows than a machine has files.
    private static let maximumDepth = 16
    /// The most rows that one key may have.
    private static let maximumMatches = 4_096

    /// The file.
    private var file: SQLiteFile

    /// Opens a database; nil when it cannot be read or is being changed.
    init?(path: String) {
        guard let file = SQLiteFile(path: path) else { return nil }
        self.file = file
    }

    /// Whether nothing has changed since the database was opened.
    var isUnchanged: Bool { file.isUnchanged }

    /// The first page of a table or an index; nil when the schema has none of this name.
    mutating func root(_ name: String) throws(Damaged) -> Int? {
        // sqlite_schema, the table on page 1: type, name, table, root page, text.
        for row in try rows(page: 1, depth: 0) {
            guard row.count > 3, case .bytes(let found) = row[1], case .integer(let page) = row[3] else { continue }
            if found.elementsEqual(name.utf8) { return Int(exactly: page) }
        }
        return nil
    }

    /// The row with this number in the table with this root; nil when there is none.
    mutating func row(_ number: Int64, root: Int) throws(Damaged) -> [SQLiteValue]? {
        var next: Int? = root
        for _ in 0..<Self.maximumDepth {
            guard let number32 = next else { return nil }
            let page = try SQLitePage(try file.page(number32), number: number32)
            next = page.last
            for index in 0..<page.count {
                let cell = try page.cell(index)
                guard let row = cell.row else { throw Damaged() }
                if row < number { continue }
                if let child = cell.child {
                    next = child
                    break
                }
                return row == number ? try SQLiteValue.record(try payload(of: cell, in: page)) : nil
            }
        }
        throw Damaged()
    }

    /// The numbers of the rows whose key, the first column of the index with this root, is this text.
    mutating func rows(key: [UInt8], root: Int) throws(Damaged) -> [Int64] {
        file.renewBudget()
        var found: [Int64] = []
        _ = try collect(key, page: root, depth: 0, into: &found)
        return found
    }
}

extension SQLiteReader {
    /// Every row of a small table.
    private mutating func rows(page number: Int, depth: Int) throws(Damaged) -> [[SQLiteValue]] {
        guard depth < Self.maximumDepth else { throw Damaged() }
        let page = try SQLitePage(try file.page(number), number: number)
        var rows: [[SQLiteValue]] = []
        for index in 0..<page.count {
            let cell = try page.cell(index)
            if let child = cell.child {
                rows += try self.rows(page: child, depth: depth + 1)
            } else {
                rows.append(try SQLiteValue.record(try payload(of: cell, in: page)))
            }
        }
        if let last = page.last { rows += try self.rows(page: last, depth: depth + 1) }
        return rows
    }

    /// Collects the rows with a key below a page of an index, in which the cells of every page are in order. False when
    /// a greater key has been seen: then nothing that follows can match.
    private mutating func collect(
        _ key: [UInt8], page number: Int, depth: Int, into found: inout [Int64]
    ) throws(Damaged) -> Bool {
        guard depth < Self.maximumDepth else { throw Damaged() }
        let page = try SQLitePage(try file.page(number), number: number)
        for index in 0..<page.count {
            let cell = try page.cell(index)
            let values = try SQLiteValue.record(try payload(of: cell, in: page))
            guard case .bytes(let own)? = values.first, case .integer(let row)? = values.last else { throw Damaged() }
            if own.lexicographicallyPrecedes(key) { continue }
            if let child = cell.child, try !collect(key, page: child, depth: depth + 1, into: &found) { return false }
            guard own.elementsEqual(key) else { return false }
            guard found.count < Self.maximumMatches else { throw Damaged() }
            found.append(row)
        }
        guard let last = page.last else { return true }
        return try collect(key, page: last, depth: depth + 1, into: &found)
    }

    /// The payload of a cell, with what has overflowed into other pages.
    private mutating func payload(of cell: SQLitePage.Cell, in page: SQLitePage) throws(Damaged) -> [UInt8] {
        guard let (count, start) = cell.payload, count <= PackageDatabases.maximumBytes else { throw Damaged() }
        let local = localCount(count, isTable: page.kind == .leafTable)
        var bytes = Array(try page.bytes.bytes(at: start, count: local))
        guard local < count else { return bytes }
        var next = try page.bytes.index32(at: start + local)
        while bytes.count < count {
            let overflow = try file.page(next)
            next = try overflow.index32(at: 0)
            bytes += try overflow.bytes(at: 4, count: min(count - bytes.count, file.usableSize - 4))
        }
        return bytes
    }

    /// How much of a payload is on the cell's own page.
    private func localCount(_ count: Int, isTable: Bool) -> Int {
        let usable = file.usableSize
        let most = isTable ? usable - 35 : (usable - 12) * 64 / 255 - 23
        guard count > most else { return count }
        let least = (usable - 12) * 32 / 255 - 23
        let wanted = least + (count - least) % (usable - 4)
        return wanted <= most ? wanted : least
    }
}
