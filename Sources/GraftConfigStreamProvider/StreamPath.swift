// StreamPath: which setting a key of swift-configuration means.
//
// Owns the mapping from components to names: the whole key first, since names contain dots, then maps under its beginnings.
// Neighbours: ConfigStreamSnapshot.
#if ConfigStream

    internal import Configuration
    internal import GraftConfigStream

    /// The names that a key may mean, from the most to the least likely.
    struct StreamPath: Sendable {
        /// A value, and who has set it.
        struct Found {
            let value: StreamValue
            let source: StreamSource
        }

        /// The key's components.
        private let components: [String]
        /// The names of settings to look at: that of all components, of all but the last, and so on.
        let keys: [StreamKey]

        /// The path of a key. Its context is left out.
        init(_ key: AbsoluteConfigKey) {
            components = key.components
            keys = key.components.indices.reversed().map {
                StreamKey(key.components[...$0].joined(separator: "."))
            }
        }

        /// The name of the whole key: joined with dots, in lower case.
        var name: String { keys.first?.name ?? "" }

        /// The value that the path leads to, in a reader of one moment; nil when there is none.
        func find(in reader: StreamReader, sources: ConfigStreamProvider.Options.Sources) -> Found? {
            for (index, key) in keys.enumerated() {
                guard let found = Self.setting(key, in: reader, sources) else { continue }
                if index == 0 { return found }
                if let value = Self.descend(into: found.value, components.suffix(index)) {
                    return Found(value: value, source: found.source)
                }
            }
            return nil
        }

        /// The value in force of a setting, among some sources.
        private static func setting(
            _ key: StreamKey, in reader: StreamReader, _ sources: ConfigStreamProvider.Options.Sources
        ) -> Found? {
            if sources == .all {
                guard let value = reader.value(of: key), value != .null, let source = reader.source(of: key) else {
                    return nil
                }
                return Found(value: value, source: source)
            }
            for layer in reader.allSources(of: key)
            where sources.contains(layer.source) && layer.source != .schema && layer.value != .null {
                return Found(value: layer.value, source: layer.source)
            }
            return nil
        }

        /// The value under names, the longest name first; nil when there is none.
        private static func descend(into value: StreamValue, _ names: ArraySlice<String>) -> StreamValue? {
            guard case .map(let fields) = value else { return nil }
            for count in (1...names.count).reversed() {
                guard let field = field(names.prefix(count).joined(separator: "."), of: fields), field != .null else {
                    continue
                }
                if count == names.count { return field }
                if let found = descend(into: field, names.dropFirst(count)) { return found }
            }
            return nil
        }

        /// The field of a name: as it is written, or else in whatever case; of several, the first in order.
        private static func field(_ name: String, of fields: [String: StreamValue]) -> StreamValue? {
            if let field = fields[name] { return field }
            let folded = StreamKey(name)
            return fields.filter { StreamKey($0.key) == folded }.min { $0.key < $1.key }?.value
        }
    }

#endif
