// TableWriter: what an event makes of a table.
//
// Owns the rules of layers: which source's value is kept, replaced and removed by a snapshot and by an update. It decides
// nothing about order. Neighbours: StreamProfile names the rules, StreamTable, StreamEntry.

/// Makes tables out of tables and events.
struct TableWriter {
    /// The rules.
    let profile: StreamProfile
    /// Which of the client's own settings stand in for shared ones.
    var overrides: [StreamOverride] = []

    /// What a snapshot leads to.
    struct Written {
        /// The table.
        var table: StreamTable
        /// How many settings were said twice for one source; the later one counts.
        var duplicates = 0
    }

    /// The table after a snapshot. Entries that say the same as before are the same objects.
    func snapshot(_ settings: [StreamSetting], after old: StreamTable) -> Written {
        var duplicates = 0
        var places: [StreamKey: Int] = [:]
        var keys: [(key: StreamKey, layers: [StreamLayer])] = []
        places.reserveCapacity(settings.count)
        keys.reserveCapacity(settings.count)
        if !profile.snapshotRemoves {
            for entry in old.entries {
                places[entry.key] = keys.count
                keys.append((entry.key, entry.layers))
            }
        }
        let carried = keys.count
        for setting in settings {
            let key = StreamKey(setting.key)
            let layer = StreamLayer(source: StreamSource(setting.source), value: setting.value ?? .null)
            if let place = places[key] {
                let isRepeated = set(layer, in: &keys[place].layers)
                if isRepeated && place >= carried { duplicates += 1 }
            } else {
                places[key] = keys.count
                keys.append((key, [layer]))
            }
        }
        let entries = keys.map { pair in
            let made = StreamEntry.make(pair.key, layers: pair.layers, nullIsValue: profile.nullIsSet)
            if let was = old.find(keyOf: made), was.says(sameAs: made) { return was }
            return made
        }
        return Written(table: StreamTable(entries), duplicates: duplicates)
    }

    /// The table after an update; the same one when nothing has changed.
    func update(_ setting: StreamSetting, after old: StreamTable) -> StreamTable {
        let key = StreamKey(setting.key)
        let was = old[key]
        var layers = was?.layers ?? []
        let removes = profile.updateRemoves && !setting.unsetSource.isEmpty
        if !removes {
            set(StreamLayer(source: StreamSource(setting.source), value: setting.value ?? .null), in: &layers)
        } else if setting.source.isEmpty {
            // The core agent knows of nothing that is left for the key.
            layers = []
        } else {
            // What is in force now is said together with what is not any more. A layer of higher rank was unset while it was not
            // in force, which the core agent does not say.
            let winner = StreamSource(setting.source)
            let unset = StreamSource(setting.unsetSource)
            set(StreamLayer(source: winner, value: setting.value ?? .null), in: &layers)
            layers.removeAll { $0.source == unset || $0.source.rank > winner.rank }
        }
        if layers.isEmpty { return was == nil ? old : old.setting(key, nil) }
        let made = StreamEntry.make(key, layers: layers, nullIsValue: profile.nullIsSet)
        if let was, was.says(sameAs: made) { return old }
        return old.setting(key, made)
    }

    /// Sets one source's value; of the same rank the later one is stronger. Whether the source had one.
    @discardableResult
    private func set(_ layer: StreamLayer, in layers: inout [StreamLayer]) -> Bool {
        guard profile.keepsSources else {
            let isRepeated = !layers.isEmpty
            layers = [layer]
            return isRepeated
        }
        if let index = layers.firstIndex(where: { $0.source == layer.source }) {
            layers[index].value = layer.value
            return true
        }
        layers.insert(layer, at: layers.firstIndex { $0.source.rank <= layer.source.rank } ?? layers.endIndex)
        return false
    }
}
