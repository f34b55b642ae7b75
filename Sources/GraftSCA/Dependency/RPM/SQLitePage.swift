// SQLitePage.swift: one page of an SQLite B-tree, and the records in it.
//
// Owns the layout of pages, cells, variable-length integers and records. It reads no file. Neighbours: SQLiteFile.swift
// brings the bytes, SQLiteReader.swift walks the tree.

/// A page of a B-tree.
struct SQLitePage {
    /// What a page is.
    enum Kind: UInt8 {
        /// Keys and children of an index.
        case interiorIndex = 2
        /// Row numbers and children of a table.
        case interiorTable = 5
        /// Keys of an index.
        case leafIndex = 10
        /// Rows of a table.
        case leafTable = 13
    }

    /// What a cell has: a child, a row number, a payload, each where its page's kind has one.
    struct Cell {
        /// The page with what comes before.
        var child: Int?
        /// The row's number.
        var row: Int64?
        /// The payload's length and where it begins.
        var payload: (count: Int, start: Int)?
    }

    /// The page.
    let bytes: [UInt8]
    /// What it is.
    let kind: Kind
    /// How many cells it has.
    let count: Int
    /// The page with what comes after the last cell; nil in leaves.
    let last: Int?
    /// Where the cells' positions begin.
    private let positions: Int

    /// A page of these bytes; the file's first page begins with the file's header.
    init(_ bytes: [UInt8], number: Int) throws(Damaged) {
        let start = number == 1 ? 100 : 0
        guard let kind = Kind(rawValue: UInt8(try bytes.bigEndian(at: start, count: 1))) else { throw Damaged() }
        let isInterior = kind == .interiorIndex || kind == .interiorTable
        self.bytes = bytes
        self.kind = kind
        count = Int(try bytes.bigEndian(at: start + 3, count: 2))
        last = isInterior ? try bytes.index32(at: start + 8) : nil
        positions = start + (isInterior ? 12 : 8)
    }

    /// A cell.
    func cell(_ index: Int) throws(Damaged) -> Cell {
        var position = Int(try bytes.bigEndian(at: positions + 2 * index, count: 2))
        var cell = Cell()
        if kind == .interiorIndex || kind == .interiorTable {
            cell.child = try bytes.index32(at: position)
            position += 4
        }
        var length = 0
        if kind != .interiorTable { length = try bytes.length(at: &position) }
        if kind == .leafTable || kind == .interiorTable { cell.row = try bytes.variable(at: &position) }
        if kind != .interiorTable { cell.payload = (length, position) }
        return cell
    }
}

/// A value in a record.
enum SQLiteValue: Equatable {
    /// A whole number.
    case integer(Int64)
    /// A text or a blob: rpm has used both for the same column.
    case bytes(ArraySlice<UInt8>)
    /// Null, or a number with a fraction, of which rpm has none.
    case other

    /// The values of a record.
    static func record(_ bytes: [UInt8]) throws(Damaged) -> [SQLiteValue] {
        var head = 0
        var body = try bytes.length(at: &head)
        let end = body
        var values: [SQLiteValue] = []
        while head < end {
            let type = try bytes.length(at: &head)
            let width = try Self.width(type)
            let raw = try bytes.bytes(at: body, count: width)
            values.append(Self.value(type, raw))
            body += width
        }
        return values
    }

    /// How many bytes a value of a serial type has.
    private static func width(_ type: Int) throws(Damaged) -> Int {
        switch type {
        case 0, 8, 9: 0
        case 1...4: type
        case 5: 6
        case 6, 7: 8
        case 12...: (type - 12) / 2
        default: throw Damaged()
        }
    }

    /// The value of a serial type and its bytes.
    private static func value(_ type: Int, _ raw: ArraySlice<UInt8>) -> SQLiteValue {
        switch type {
        case 1...6:
            let isNegative = (raw.first ?? 0) & 0x80 != 0
            return .integer(raw.reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) })
        case 8, 9: return .integer(Int64(type - 8))
        case 12...: return .bytes(raw)
        default: return .other
        }
    }
}

extension [UInt8] {
    /// The variable-length integer at a position, which moves behind it.
    fileprivate func variable(at position: inout Int) throws(Damaged) -> Int64 {
        var value: UInt64 = 0
        for index in 0..<9 {
            let byte = try bigEndian(at: position, count: 1)
            position += 1
            if index == 8 { return Int64(bitPattern: value << 8 | byte) }
            value = value << 7 | byte & 0x7F
            if byte & 0x80 == 0 { break }
        }
        return Int64(bitPattern: value)
    }

    /// The variable-length integer at a position, as a length: not negative, and no longer than anything that is read.
    fileprivate func length(at position: inout Int) throws(Damaged) -> Int {
        let value = try variable(at: &position)
        guard value >= 0, value <= Int64(PackageDatabases.maximumBytes) * 2 + 13 else { throw Damaged() }
        return Int(value)
    }
}
