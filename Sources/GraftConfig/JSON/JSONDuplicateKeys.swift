// JSONDuplicateKeys: whether an object has a key twice.
//
// Owns that one question. Keys are compared as the bytes of their decoded text, so "a" and "\u0061" are one key.
// Takes time in proportion to n log n whatever the keys are: the hash is seeded by the process, so nobody can choose
// keys that collide. Neighbours: JSONParser asks, JSONTape holds the keys.

/// Finds equal keys of one object.
enum JSONDuplicateKeys {
    /// Up to so many keys every pair is compared; beyond, keys are sorted by hash first.
    private static let pairwiseLimit = 8

    /// The node of the first key that another key before it equals.
    static func first(
        inObject object: Int, count: Int, _ tape: [JSONTapeNode], _ text: UnsafeRawBufferPointer
    ) -> Int? {
        count <= pairwiseLimit
            ? firstOfFew(inObject: object, tape, text) : firstOfMany(inObject: object, count: count, tape, text)
    }

    /// Compares each key with those before it.
    private static func firstOfFew(
        inObject object: Int, _ tape: [JSONTapeNode], _ text: UnsafeRawBufferPointer
    ) -> Int? {
        let end = Int(tape[object].next)
        var later = object + 1
        while later < end {
            var earlier = object + 1
            while earlier < later {
                if isEqual(tape[earlier], tape[later], text) { return later }
                earlier = Int(tape[earlier + 1].next)
            }
            later = Int(tape[later + 1].next)
        }
        return nil
    }

    /// Sorts by hash and compares within equal hashes.
    private static func firstOfMany(
        inObject object: Int, count: Int, _ tape: [JSONTapeNode], _ text: UnsafeRawBufferPointer
    ) -> Int? {
        var keys: [(hash: Int, node: Int)] = []
        keys.reserveCapacity(count)
        let end = Int(tape[object].next)
        var node = object + 1
        while node < end {
            keys.append((hash(tape[node], text), node))
            node = Int(tape[node + 1].next)
        }
        keys.sort { $0 < $1 }
        var found: Int?
        for (index, key) in keys.enumerated().dropFirst() {
            let equals = keys[..<index].reversed().prefix { $0.hash == key.hash }
            if equals.contains(where: { isEqual(tape[$0.node], tape[key.node], text) }) {
                found = min(found ?? key.node, key.node)
            }
        }
        return found
    }

    /// Whether two keys have the same text.
    private static func isEqual(_ left: JSONTapeNode, _ right: JSONTapeNode, _ text: UnsafeRawBufferPointer) -> Bool {
        guard left.kind == .string, right.kind == .string else {
            return left.text(in: text) == right.text(in: text)
        }
        return left.end - left.start == right.end - right.start
            && left.quoted(in: text).elementsEqual(right.quoted(in: text))
    }

    /// The hash of a key's text.
    private static func hash(_ node: JSONTapeNode, _ text: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        if node.kind == .string {
            hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: node.quoted(in: text)))
        } else {
            node.text(in: text).withUnsafeBytes { hasher.combine(bytes: $0) }
        }
        return hasher.finalize()
    }
}
