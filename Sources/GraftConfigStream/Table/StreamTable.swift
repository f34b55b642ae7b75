// StreamTable: all keys of one generation. Immutable; two generations share what has not changed between them.
//
// Owns a reference to each of its shards. There are about as many shards as a shard has entries, so that an update, which
// copies the list of shards and one of them, costs the square root of the number of keys. Neighbours: Shard,
// TableDiff tells what differs between two tables.

/// All keys, by name.
final class StreamTable: Sendable {
    /// The shards, as many as a power of two.
    private let shards: Shards
    /// How far to shift a hash right to have its shard's number.
    private let shift: UInt64
    /// How many keys there are.
    let count: Int

    /// A list of shards whose references the table owns.
    // Proof: it is written before the table is handed out and only read afterwards, and so is each shard and each entry
    // in it, which hold nothing but Sendable values. (They cannot say so themselves: no subclass of ManagedBuffer can.)
    private struct Shards: @unchecked Sendable {
        let base: UnsafeMutablePointer<Unmanaged<Shard>>
        let count: Int
    }

    /// A table without keys.
    static let empty = StreamTable([])

    /// A table of entries with different keys; of two with the same key the later one counts.
    convenience init(_ entries: [StreamEntry]) {
        var bits = 0
        while 1 << (2 * bits) < entries.count { bits += 1 }
        let shift = UInt64(64 - bits)
        var sizes = [Int](repeating: 0, count: 1 << bits)
        for entry in entries { sizes[StreamTable.number(entry.header.hash, shift)] += 1 }
        let made = sizes.map { Shard.make(count: $0) }
        for entry in entries { made[StreamTable.number(entry.header.hash, shift)].put(entry) }
        self.init(made, shift: shift)
    }

    /// A table of these shards.
    private init(_ list: [Shard], shift: UInt64) {
        let base = UnsafeMutablePointer<Unmanaged<Shard>>.allocate(capacity: list.count)
        for (index, shard) in list.enumerated() { (base + index).initialize(to: Unmanaged.passRetained(shard)) }
        shards = Shards(base: base, count: list.count)
        self.shift = shift
        count = list.reduce(0) { $0 + $1.count }
    }

    /// A table with one shard in the place of another's.
    private init(_ other: StreamTable, replacing number: Int, by shard: Shard) {
        let base = UnsafeMutablePointer<Unmanaged<Shard>>.allocate(capacity: other.shards.count)
        for index in 0..<other.shards.count {
            let kept = index == number ? Unmanaged.passUnretained(shard) : other.shards.base[index]
            (base + index).initialize(to: kept.retain())
        }
        shards = Shards(base: base, count: other.shards.count)
        shift = other.shift
        count = other.count - other.shard(number).count + shard.count
    }

    deinit {
        for index in 0..<shards.count { shards.base[index].release() }
        shards.base.deallocate()
    }

    /// The number of a hash's shard.
    @inline(__always)
    private static func number(_ hash: UInt64, _ shift: UInt64) -> Int {
        // A shift by 64 gives 0: there is one shard.
        Int(truncatingIfNeeded: hash >> shift)
    }

    /// How many shards there are.
    var shardCount: Int { shards.count }

    /// One of the shards.
    func shard(_ number: Int) -> Shard { shards.base[number].takeUnretainedValue() }

    /// Whether two tables of as many shards have the same one in a place.
    func shares(_ number: Int, with other: StreamTable) -> Bool {
        shards.base[number].toOpaque() == other.shards.base[number].toOpaque()
    }

    /// The entry of a key; nil when there is none. Counts no reference: the caller holds the table.
    @inline(__always)
    func find(_ bytes: UnsafeRawPointer, _ count: Int, hash: UInt64) -> Unmanaged<StreamEntry>? {
        shards.base[StreamTable.number(hash, shift)]._withUnsafeGuaranteedRef { $0.find(bytes, count, hash: hash) }
    }

    /// The entry of a key; nil when there is none.
    subscript(key: StreamKey) -> StreamEntry? {
        StreamKey.withBytes(of: key.name) { find($0, $1, hash: key.hash)?.takeUnretainedValue() }
    }

    /// The entry of the key that an entry, of this or another table, has.
    func find(keyOf entry: StreamEntry) -> StreamEntry? {
        entry.withUnsafeMutablePointers { header, bytes in
            find(bytes, header.pointee.count, hash: header.pointee.hash)?.takeUnretainedValue()
        }
    }

    /// All entries, in no order.
    var entries: [StreamEntry] { (0..<shards.count).flatMap { shard($0).entries } }

    /// The table in which a key has another entry, or, with nil, none. Makes the shards more when there are too few.
    func setting(_ key: StreamKey, _ entry: StreamEntry?) -> StreamTable {
        let number = StreamTable.number(key.hash, shift)
        let changed = StreamTable(self, replacing: number, by: shard(number).copy(key, entry))
        // Four times the entries: twice the shards are right.
        return changed.count > 4 * shards.count * shards.count ? StreamTable(changed.entries) : changed
    }
}
