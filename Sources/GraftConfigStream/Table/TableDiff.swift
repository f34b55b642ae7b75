// TableDiff: what differs between two tables.
//
// Owns the comparison: shards that two tables share are not looked into. Neighbours: StreamTable, StreamChanges.

extension StreamTable {
    /// Calls `body` for each key whose value in force, or whose source, is not the same in both: with its entry before and
    /// after, nil where it has none. In no order.
    func forEachDifference(from old: StreamTable, _ body: (_ old: StreamEntry?, _ new: StreamEntry?) -> Void) {
        if self === old { return }
        let sharesParts = old.shardCount == shardCount
        for number in 0..<shardCount where !sharesParts || !shares(number, with: old) {
            for entry in shard(number).entries {
                let was = old.find(keyOf: entry)
                if was !== entry, was.map({ !$0.shows(sameAs: entry) }) ?? entry.header.isSet { body(was, entry) }
            }
        }
        for number in 0..<old.shardCount where !sharesParts || !shares(number, with: old) {
            for entry in old.shard(number).entries where entry.header.isSet && find(keyOf: entry) == nil {
                body(entry, nil)
            }
        }
    }
}
