// LocalConfiguration: what a program has been told without a core agent.
//
// Owns the way from settings at hand to a reader like that of a stream, so that the rest of a program need not know which of the
// two it has. It reads no files: where the settings come from is the program's business. Neighbours: StreamFeature chooses,
// StreamReader shows.

/// A program's own configuration: from its file, its flags, its defaults.
///
/// ```swift
/// let local = LocalConfiguration(["log_level": .string("info"), "use_rar_config_stream": .bool(true)])
/// local.reader.getString("log_level")
/// ```
///
/// A value: it does not change.
public struct LocalConfiguration: Sendable {
    /// The configuration, as a stream's would be read.
    public let reader: StreamReader

    /// Settings that all come from one source.
    public init(_ settings: [String: StreamValue] = [:], source: StreamSource = .file, origin: String = "") {
        // In an order: of two names that differ in case only, the later one counts.
        let sorted = settings.sorted { $0.key < $1.key }
        self.init(
            settings: sorted.map { StreamSetting(key: $0.key, source: source.name, value: $0.value) }, origin: origin)
    }

    /// Settings of several sources, of which the strongest is in force for each key.
    public init(settings: [StreamSetting], origin: String = "") {
        let table = TableWriter(profile: .graft).snapshot(settings, after: .empty).table
        let position = StreamPosition(epoch: 0, sequence: -1)
        reader = StreamReader(Generation(table: table, position: position, origin: origin))
    }
}
