// StreamReader+Getters: one setting, as the kind of value that it is wanted as.
//
// Owns the getters of the agent's `model.Reader`, by its names. The zero of the kind stands for what is missing or of another
// kind; how a value is narrowed is StreamNumber's and StreamText's. Neighbours: StreamReader.

extension StreamReader {
    /// The value in force, as it came; nil when there is none.
    public func value(of key: StreamKey) -> StreamValue? { withValue(key) { copy $0 } }

    /// A text: of whatever the value is. Empty without a value.
    public func getString(_ key: StreamKey) -> String { withValue(key) { $0?.text ?? "" } }

    /// A truth value, or one of the texts `1`, `t`, `true`, `0`, … for one; else false.
    public func getBool(_ key: StreamKey) -> Bool { withValue(key) { $0?.boolean ?? false } }

    /// A whole number: a number without its fraction, a text that is a whole number, else 0.
    public func getInt(_ key: StreamKey) -> Int { Int(getInt64(key)) }

    /// As `getInt`, in 32 bits: 0 for what they do not hold.
    public func getInt32(_ key: StreamKey) -> Int32 { Int32(exactly: getInt64(key)) ?? 0 }

    /// As `getInt`.
    public func getInt64(_ key: StreamKey) -> Int64 { withValue(key) { $0?.integer ?? 0 } }

    /// Whether the value is a whole number that reached this process with all its digits: of at most 2^53.
    public func isExactInteger(_ key: StreamKey) -> Bool { withValue(key) { $0?.isExactInteger ?? false } }

    /// A number, or a text that is one; else 0.
    public func getFloat64(_ key: StreamKey) -> Double { withValue(key) { $0?.double ?? 0 } }

    /// As `getFloat64`: the seed's name.
    public func getFloat(_ key: StreamKey) -> Double { getFloat64(key) }

    /// A duration: a number is nanoseconds, a text is `1h2m3s`; else none.
    public func getDuration(_ key: StreamKey) -> Duration { withValue(key) { $0?.duration ?? .zero } }

    /// A size in bytes: a number, or a text such as `10MB` (of 1,048,576); else 0.
    public func getSizeInBytes(_ key: StreamKey) -> Int64 { withValue(key) { $0?.sizeInBytes ?? 0 } }

    /// The values of a list as texts; a text is a list of one. Else empty.
    public func getStringSlice(_ key: StreamKey) -> [String] {
        withValue(key) {
            switch $0 {
            case .list(let values): values.map(\.text)
            case .string(let text): [text]
            default: []
            }
        }
    }

    /// The numbers of a list; what is none is left out. Else empty.
    public func getFloat64Slice(_ key: StreamKey) -> [Double] {
        withValue(key) {
            guard case .list(let values) = $0 else { return [] }
            return values.compactMap { if case .number(let number) = $0 { number } else { nil } }
        }
    }

    /// The values of a map by name; else empty.
    public func getStringMap(_ key: StreamKey) -> [String: StreamValue] {
        withValue(key) { if case .map(let values) = $0 { values } else { [:] } }
    }

    /// The values of a map as texts, by name; else empty.
    public func getStringMapString(_ key: StreamKey) -> [String: String] { getStringMap(key).mapValues(\.text) }

    /// The lists of a map, as texts, by name; a text is a list of one, and what is neither is left out.
    public func getStringMapStringSlice(_ key: StreamKey) -> [String: [String]] {
        getStringMap(key).compactMapValues {
            switch $0 {
            case .list(let values): values.map(\.text)
            case .string(let text): [text]
            default: nil
            }
        }
    }

    /// The names in a map, in order; else empty.
    public func getSubfields(_ key: StreamKey) -> [String] { getStringMap(key).keys.sorted() }

    /// Whether the key has a value in force.
    public func isSet(_ key: StreamKey) -> Bool { withValue(key) { $0 != nil } }

    /// Whether the key has a value that somebody has set: any source but `default`.
    public func isConfigured(_ key: StreamKey) -> Bool { source(of: key).map { $0 != .default } ?? false }

    /// Whether the core agent has said the key, with a value or without.
    public func isKnown(_ key: StreamKey) -> Bool { withGeneration { $0.table[key] != nil } }

    /// Whether the value is a map.
    public func hasSection(_ key: StreamKey) -> Bool { withValue(key) { if case .map = $0 { true } else { false } } }

    /// Who has set the value in force; nil without one.
    public func source(of key: StreamKey) -> StreamSource? { withGeneration { $0.table[key]?.source } }

    /// What every source says of the key, from the strongest to the weakest.
    public func allSources(of key: StreamKey) -> [(source: StreamSource, value: StreamValue)] {
        withGeneration { ($0.table[key]?.layers ?? []).map { ($0.source, $0.value) } }
    }
}
