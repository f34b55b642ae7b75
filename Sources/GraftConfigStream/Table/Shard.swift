// Shard: a small part of a table, by open addressing. Immutable once it is in a table.
//
// Owns one reference to each of its entries. A change of a key copies the key's shard and nothing else. Neighbours:
// StreamTable chooses the shard, by bits of the hash that are not used here.

internal import Glibc

/// One place of a shard.
struct Slot {
    /// The entry's hash.
    var hash: UInt64
    /// The entry, whose reference the shard owns; nil in a free place.
    var entry: Unmanaged<StreamEntry>?
}

/// What stands at the front of a shard.
struct ShardHeader {
    /// The number of places less one; the number is a power of two.
    let mask: Int
    /// The number of entries: at most three quarters of the places.
    var count: Int
}

/// A small hash table of entries.
final class Shard: ManagedBuffer<ShardHeader, Slot> {
    /// An empty shard with room for `count` entries.
    static func make(count: Int) -> Shard {
        var places = 4
        while places * 3 < count * 4 { places *= 2 }
        let made = Shard.create(minimumCapacity: places) { _ in ShardHeader(mask: places - 1, count: 0) }
        made.withUnsafeMutablePointerToElements { $0.initialize(repeating: Slot(hash: 0, entry: nil), count: places) }
        return unsafeDowncast(made, to: Shard.self)
    }

    deinit {
        withUnsafeMutablePointers { header, slots in
            for index in 0...header.pointee.mask { slots[index].entry?.release() }
        }
    }

    /// The entry of a key; nil when there is none. Counts no reference: the caller holds the shard.
    @inline(__always)
    func find(_ bytes: UnsafeRawPointer, _ count: Int, hash: UInt64) -> Unmanaged<StreamEntry>? {
        withUnsafeMutablePointers { header, slots in
            let mask = header.pointee.mask
            var index = Int(truncatingIfNeeded: hash) & mask
            // Ends: a quarter of the places is free.
            while let entry = slots[index].entry {
                if slots[index].hash == hash, Shard.matches(entry, bytes, count) { return entry }
                index = (index + 1) & mask
            }
            return nil
        }
    }

    /// Whether an entry has this key.
    @inline(__always)
    private static func matches(_ entry: Unmanaged<StreamEntry>, _ bytes: UnsafeRawPointer, _ count: Int) -> Bool {
        entry._withUnsafeGuaranteedRef { entry in
            entry.withUnsafeMutablePointers { header, elements in
                header.pointee.count == count && memcmp(bytes, elements, count) == 0
            }
        }
    }

    /// Puts an entry in, or in the place of the one of the same key. Only while the shard is being made.
    func put(_ entry: StreamEntry) {
        entry.withUnsafeMutablePointers { key, bytes in
            withUnsafeMutablePointers { header, slots in
                let hash = key.pointee.hash
                var index = Int(truncatingIfNeeded: hash) & header.pointee.mask
                while let there = slots[index].entry {
                    if slots[index].hash == hash, Shard.matches(there, bytes, key.pointee.count) {
                        there.release()
                        slots[index].entry = Unmanaged.passRetained(entry)
                        return
                    }
                    index = (index + 1) & header.pointee.mask
                }
                slots[index] = Slot(hash: hash, entry: Unmanaged.passRetained(entry))
                header.pointee.count += 1
            }
        }
    }

    /// The entries, in no order.
    var entries: [StreamEntry] {
        withUnsafeMutablePointers { header, slots in
            (0...header.pointee.mask).compactMap { slots[$0].entry?.takeUnretainedValue() }
        }
    }

    /// How many entries there are.
    var count: Int { withUnsafeMutablePointerToHeader { $0.pointee.count } }

    /// A copy in which a key has another entry, or, with nil, none.
    func copy(_ key: StreamKey, _ entry: StreamEntry?) -> Shard {
        let copied = Shard.make(count: count + 1)
        for old in entries where old.header.hash != key.hash || old.name != key.name { copied.put(old) }
        if let entry { copied.put(entry) }
        return copied
    }
}
