// TextLines: a stream for people.
//
// Owns the layout: `key = value (source)`, `time key: old -> new (source) epoch.sequence`. Values are JSON, so that a text and a
// number that looks like it differ. Neighbours: StreamLines, Printable.
#if ConfigStream

    internal import GraftConfigStream

    /// A stream for people.
    struct TextLines: StreamLines {
        func snapshot(_ snapshot: ShownSnapshot, at time: WallTime) -> [String] {
            let count = Self.count(snapshot.settings.count, "setting")
            let origin = snapshot.origin.isEmpty ? "" : " from \(Printable.text(snapshot.origin))"
            let heading = "# \(time) \(Self.text(snapshot.position))\(origin), \(count)"
            return [heading]
                + snapshot.settings.map { setting in
                    Printable.text("\(setting.key) = \(Self.text(setting.new))\(Self.source(setting))")
                }
        }

        func change(_ change: ShownChange, at time: WallTime) -> String {
            let values = "\(Self.text(change.old)) -> \(Self.text(change.new))\(Self.source(change))"
            return Printable.text("\(time) \(change.key): \(values) \(Self.text(change.position))")
        }

        func lagged(from: StreamPosition, to: StreamPosition, count: Int, at time: WallTime) -> String {
            "\(time) lagged: \(Self.text(from)) to \(Self.text(to)) came to \(Self.count(count, "change"))"
        }

        /// `1.17`.
        static func text(_ position: StreamPosition) -> String { "\(position.epoch).\(position.sequence)" }

        /// A value as JSON.
        private static func text(_ value: ShownValue) -> String {
            switch value {
            case .none: "(none)"
            case .masked: "********"
            case .value(let value): value.json
            }
        }

        /// ` (file)`.
        private static func source(_ change: ShownChange) -> String { change.source.map { " (\($0))" } ?? "" }

        /// `1 setting`, `2 settings`.
        static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
    }

#endif
