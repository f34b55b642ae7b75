// Ledger: facts, and how far each was told.
//
// Owns one rule: a fact that changes gets a new number, and it is told when that number was accepted. What is sent is
// therefore always the newest form, a failed request costs nothing but its bytes, and a change between a request and its
// answer is not taken for told. Neighbours: the books of dependencies, products and settings.

/// Facts by their keys, in the order in which they first came.
struct Ledger<Key: Hashable & Sendable, Fact: Sendable>: Sendable {
    /// A fact.
    struct Entry: Sendable {
        /// What it is known by.
        let key: Key
        /// Its newest form.
        fileprivate(set) var fact: Fact
        /// The number of its newest form; each is given once in a ledger.
        fileprivate(set) var revision: UInt64
        /// The number of the form that was accepted last; 0 for none.
        fileprivate(set) var accepted: UInt64 = 0

        /// Whether its newest form was accepted.
        var isTold: Bool { accepted == revision }
    }

    /// What a request carried of a fact.
    struct Receipt: Sendable {
        /// Where the fact is.
        fileprivate var index: Int
        /// The form that was carried.
        fileprivate(set) var revision: UInt64
    }

    /// The facts.
    private(set) var entries: [Entry] = []
    /// Where each is.
    private var places: [Key: Int] = [:]
    /// The number that was given last.
    private var lastRevision: UInt64 = 0
    /// The most facts.
    private let limit: Int
    /// How often a fact was left out because there is no room for it.
    private(set) var dropped: UInt64 = 0

    /// A ledger for at most so many facts.
    init(limit: Int) { self.limit = limit }

    /// The newest form of a fact.
    subscript(key: Key) -> Fact? { places[key].map { entries[$0].fact } }

    /// The fact with the highest number among these.
    func newest(of keys: some Sequence<Key>) -> Entry? {
        keys.compactMap { places[$0].map { entries[$0] } }.max { $0.revision < $1.revision }
    }

    /// Notes a new form of a fact; it is told with the next request. False when there is no room.
    @discardableResult
    mutating func set(_ key: Key, _ fact: Fact) -> Bool {
        if let index = places[key] {
            lastRevision += 1
            (entries[index].fact, entries[index].revision) = (fact, lastRevision)
            return true
        }
        guard entries.count < limit else {
            dropped += 1
            return false
        }
        lastRevision += 1
        places[key] = entries.count
        entries.append(Entry(key: key, fact: fact, revision: lastRevision))
        return true
    }

    /// Changes a known fact in a way that is not worth telling by itself.
    mutating func amend(_ key: Key, _ fact: Fact) {
        if let index = places[key] { entries[index].fact = fact }
    }

    /// The facts whose newest form was not accepted yet.
    var untold: some Sequence<Receipt> { entries.indices.lazy.filter { !entries[$0].isTold }.map(receipt) }

    /// All facts.
    var all: some Sequence<Receipt> { entries.indices.lazy.map(receipt) }

    /// The receipt of a fact as it is now.
    private func receipt(_ index: Int) -> Receipt { Receipt(index: index, revision: entries[index].revision) }

    /// The fact that a receipt is about, as it is now.
    subscript(receipt: Receipt) -> Entry { entries[receipt.index] }

    /// What a request carried was accepted. `ofAll`: it told everything, as far as it had room, and what it had no room
    /// for is to be told after it.
    mutating func accept(_ receipts: [Receipt], ofAll: Bool) {
        if ofAll { forgetAcceptance() }
        for receipt in receipts {
            entries[receipt.index].accepted = max(entries[receipt.index].accepted, receipt.revision)
        }
    }

    /// Everything is to be told again.
    mutating func forgetAcceptance() { for index in entries.indices { entries[index].accepted = 0 } }

    /// Everything counts as told.
    mutating func acceptEverything() {
        for index in entries.indices { entries[index].accepted = entries[index].revision }
    }
}
