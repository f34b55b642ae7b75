// SQLiteFile.swift: pages of an SQLite database file, read only.
//
// Owns the descriptor, the file header and a bound on the work. The format is SQLite's documented one
// (https://www.sqlite.org/fileformat2.html). It takes no lock: a file that is being changed is noticed by its write-ahead
// log and its change counter, and then nothing of it is believed. Neighbours: SQLitePage.swift, SQLiteReader.swift.

private import Glibc

/// An open database file.
struct SQLiteFile: ~Copyable {
    /// The most pages that are read for one question; a damaged file may lead in circles.
    static let maximumPages = 1 << 16

    /// The open file.
    private let descriptor: Int32
    /// The path, for the write-ahead log beside it.
    private let path: String
    /// Bytes of a page.
    let pageSize: Int
    /// Bytes of a page that carry data.
    let usableSize: Int
    /// Changes with each transaction.
    private let changeCounter: [UInt8]
    /// Pages that may still be read for this question.
    private var budget = Self.maximumPages

    /// Opens a database; nil when it cannot be read or is being changed.
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        guard let header = Self.read(descriptor, 0, 100), let sizes = try? Self.sizes(header), !Self.hasLog(path) else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        self.path = path
        (pageSize, usableSize) = sizes
        changeCounter = Self.changeCounter(header)
    }

    deinit { close(descriptor) }

    /// Whether the file is still the one that was opened: no change has been made or is waiting.
    var isUnchanged: Bool {
        guard let header = Self.read(descriptor, 0, 100) else { return false }
        return Self.changeCounter(header) == changeCounter && !Self.hasLog(path)
    }

    /// Begins a new question.
    mutating func renewBudget() { budget = Self.maximumPages }

    /// Reads a page; they are counted from 1.
    mutating func page(_ number: Int) throws(Damaged) -> [UInt8] {
        guard budget > 0, number > 0, let bytes = Self.read(descriptor, (number - 1) * pageSize, pageSize) else {
            throw Damaged()
        }
        budget -= 1
        return bytes
    }
}

extension SQLiteFile {
    /// The sizes that a file header states.
    private static func sizes(_ header: [UInt8]) throws(Damaged) -> (page: Int, usable: Int) {
        let magic = Array("SQLite format 3\0".utf8)
        let stated = Int(try header.bigEndian(at: 16, count: 2))
        let page = stated == 1 ? 65_536 : stated
        let encoding = try header.bigEndian(at: 56, count: 4)
        let usable = page - Int(header[20])
        guard header.starts(with: magic), page >= 512, page & (page - 1) == 0, usable >= 480, encoding == 1 else {
            throw Damaged()
        }
        return (page, usable)
    }

    /// The part of a file header that changes with each transaction.
    private static func changeCounter(_ header: [UInt8]) -> [UInt8] { Array(header[24..<28]) }

    /// Whether the write-ahead log has something that the file has not yet.
    private static func hasLog(_ path: String) -> Bool {
        var status = stat()
        return stat("\(path)-wal", &status) == 0 && status.st_size > 0
    }

    /// Reads so many bytes at an offset; nil when there are fewer.
    private static func read(_ descriptor: Int32, _ offset: Int, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
            }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return nil }
            filled += got
        }
        return bytes
    }
}
