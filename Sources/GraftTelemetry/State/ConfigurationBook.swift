// ConfigurationBook: the settings, and what was told of them.
//
// Owns the rule that of all that was said of a setting the highest number counts. Each origin has its own entry, as other
// tracers send it: when a remote value is gone, the local one is told again with a new number. Neighbours: Ledger gives
// the numbers, from 1, over all settings.

internal import GraftConfig
internal import GraftProducts

/// The settings.
struct ConfigurationBook: Sendable {
    /// What a request carried of an entry.
    typealias Receipt = Ledger<Key, String?>.Receipt

    /// What an entry is known by.
    struct Key: Hashable, Sendable {
        /// The setting.
        var name: String
        /// Where the value comes from.
        var origin: String
    }

    /// The entries.
    var ledger: Ledger<Key, String?>
    /// The origins that each setting had a value from.
    private var origins: [String: [String]] = [:]

    /// No settings.
    init(limits: TelemetryLimits) { ledger = Ledger(limit: limits.configurations) }

    /// Takes in what is in force now.
    mutating func take(_ entries: [ConfigurationEntry]) {
        for entry in entries { take(entry) }
    }

    /// Takes in one setting; nothing changes when it is what was said of it last.
    private mutating func take(_ entry: ConfigurationEntry) {
        let name = WireText.bounded(entry.name)
        let key = Key(name: name, origin: WireText.bounded(entry.origin.name))
        let value = Self.text(entry.value)
        let known = origins[name] ?? []
        let newest = ledger.newest(of: known.lazy.map { Key(name: name, origin: $0) })
        if let newest, newest.key == key, newest.fact == value { return }
        guard ledger.set(key, value) else { return }
        if !known.contains(key.origin) { origins[name, default: []].append(key.origin) }
    }

    /// A value as the wire has it: text, or nil for none.
    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .null: nil
        case .string(let text): WireText.bounded(text, bytes: TelemetryLimits.maximumValueBytes)
        default: WireText.bounded(JSONWriter.text(value), bytes: TelemetryLimits.maximumValueBytes)
        }
    }

    /// The bytes of an entry.
    static func bytes(_ entry: Ledger<Key, String?>.Entry) -> [UInt8] {
        JSONWriter.bytes([
            "name": .string(entry.key.name), "value": JSONValue(entry.fact), "origin": .string(entry.key.origin),
            "config_id": .null, "seq_id": JSONValue(entry.revision),
        ])
    }
}
