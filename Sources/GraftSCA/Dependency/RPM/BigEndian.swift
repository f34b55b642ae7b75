// BigEndian.swift: numbers out of bytes that may be damaged.
//
// Owns the checked reads that both of rpm's formats need: the SQLite file and the header in it. Everything outside the
// bytes is an error, never a trap.

/// Bytes that are not what their format says.
struct Damaged: Error {}

extension [UInt8] {
    /// The unsigned number of `count` bytes, 1 to 8, at an index, most significant first.
    func bigEndian(at index: Int, count: Int) throws(Damaged) -> UInt64 {
        guard index >= 0, index <= self.count - count else { throw Damaged() }
        return self[index..<index + count].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The unsigned number of four bytes at an index, as an index.
    func index32(at index: Int) throws(Damaged) -> Int { Int(try bigEndian(at: index, count: 4)) }

    /// The bytes in a range.
    func bytes(at index: Int, count: Int) throws(Damaged) -> ArraySlice<UInt8> {
        guard index >= 0, count >= 0, count <= self.count, index <= self.count - count else { throw Damaged() }
        return self[index..<index + count]
    }

    /// The bytes up to the next zero byte; `end` is behind that.
    func text(at index: Int) throws(Damaged) -> (bytes: ArraySlice<UInt8>, end: Int) {
        guard index >= 0, index < count, let zero = self[index...].firstIndex(of: 0) else { throw Damaged() }
        return (self[index..<zero], zero + 1)
    }
}
