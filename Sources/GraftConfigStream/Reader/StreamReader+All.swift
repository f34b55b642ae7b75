// StreamReader+All: the whole configuration at once.
//
// Owns the getters that give every key. Each gives what is in force at one moment; for several that belong together, ask a
// `snapshot()`. Neighbours: StreamReader.

extension StreamReader {
    /// How many keys have a value in force.
    public var count: Int { withGeneration { $0.table.entries.count { $0.header.isSet } } }

    /// The keys that have a value in force, in lower case and in order.
    public var allKeys: [String] { setEntries.map(\.name).sorted() }

    /// Every key that the core agent has said, also those without a value, in lower case and in order.
    public var allKnownKeys: [String] { withGeneration { $0.table.entries.map(\.name) }.sorted() }

    /// The values in force.
    public func allSettings() -> [String: StreamValue] { settings { _ in true } }

    /// The values in force that somebody has set: without those of `default`.
    public func allSettingsWithoutDefault() -> [String: StreamValue] { settings { $0 != .default } }

    /// The values in force, without those that come from the store of secrets.
    public func allSettingsWithoutSecrets() -> [String: StreamValue] { settings { $0 != .secret } }

    /// What every source says, by source; also what is not in force.
    public func allSettingsBySource() -> [StreamSource: [String: StreamValue]] {
        var result: [StreamSource: [String: StreamValue]] = [:]
        for entry in withGeneration({ $0.table.entries }) {
            for layer in entry.layers { result[layer.source, default: [:]][entry.name] = layer.value }
        }
        return result
    }

    /// The values in force, and the number of the last event that is in them.
    public func allSettingsWithSequenceID() -> (settings: [String: StreamValue], sequenceID: Int32) {
        let moment = snapshot()
        return (moment.allSettings(), moment.sequenceID)
    }

    /// The entries that have a value in force.
    private var setEntries: [StreamEntry] { withGeneration { $0.table.entries.filter { $0.header.isSet } } }

    /// The values in force whose source is wanted.
    private func settings(where isWanted: (StreamSource) -> Bool) -> [String: StreamValue] {
        var result: [String: StreamValue] = [:]
        for entry in setEntries where isWanted(entry.header.winner.source) {
            result[entry.name] = entry.header.winner.value
        }
        return result
    }
}
