// StreamEntry: one key with all that is known of it. Immutable.
//
// Owns the key's bytes and its layers: one value for each source that sets it. Made by the writer and shared by every
// generation in which the key is the same. The bytes lie behind the object itself, so that a look-up touches no other
// memory and counts no reference. Neighbours: Shard finds entries, StreamLayer.

/// What one source has set.
struct StreamLayer: Sendable, Hashable {
    /// Who.
    var source: StreamSource
    /// What; `.null` when the source says that there is nothing.
    var value: StreamValue
}

/// What stands at the front of an entry.
struct StreamEntryHeader {
    /// The key's hash.
    let hash: UInt64
    /// The key's length in bytes.
    let count: Int
    /// The layer in force.
    let winner: StreamLayer
    /// Whether the winner has a value. Without one the key is known and not set.
    let isSet: Bool
    /// The other layers, from the strongest to the weakest.
    let others: [StreamLayer]
}

/// One key of a table. The elements are the key's bytes, folded.
final class StreamEntry: ManagedBuffer<StreamEntryHeader, UInt8> {
    /// An entry of a key that has at least one layer; `layers` go from the strongest to the weakest.
    static func make(_ key: StreamKey, layers: [StreamLayer], nullIsValue: Bool) -> StreamEntry {
        // A layer without a value hides nothing: the strongest that has one is in force.
        let index = nullIsValue ? 0 : layers.firstIndex { $0.value != .null && $0.source != .schema } ?? 0
        var others = layers
        let winner = others.remove(at: index)
        return StreamKey.withBytes(of: key.name) { bytes, count in
            let made = StreamEntry.create(minimumCapacity: count) { _ in
                StreamEntryHeader(
                    hash: key.hash, count: count, winner: winner,
                    isSet: nullIsValue || (winner.value != .null && winner.source != .schema), others: others)
            }
            made.withUnsafeMutablePointerToElements {
                UnsafeMutableRawPointer($0).copyMemory(from: bytes, byteCount: count)
            }
            return unsafeDowncast(made, to: StreamEntry.self)
        }
    }

    /// All layers, from the strongest to the weakest.
    var layers: [StreamLayer] {
        var all = header.others
        let rank = header.winner.source.rank
        all.insert(header.winner, at: all.firstIndex { $0.source.rank <= rank } ?? all.endIndex)
        return all
    }

    /// The value in force; nil when there is none.
    var value: StreamValue? { header.isSet ? header.winner.value : nil }

    /// Who has set the value in force; nil when there is none.
    var source: StreamSource? { header.isSet ? header.winner.source : nil }

    /// The key's name.
    var name: String {
        withUnsafeMutablePointers { header, elements in
            String(decoding: UnsafeBufferPointer(start: elements, count: header.pointee.count), as: UTF8.self)
        }
    }

    /// The key.
    var key: StreamKey { StreamKey(name) }

    /// Whether two entries of one key say the same.
    func says(sameAs other: StreamEntry) -> Bool {
        header.winner == other.header.winner && header.isSet == other.header.isSet
            && header.others == other.header.others
    }

    /// Whether two entries of one key have the same value in force, from the same source.
    func shows(sameAs other: StreamEntry) -> Bool {
        header.isSet == other.header.isSet && (!header.isSet || header.winner == other.header.winner)
    }
}
