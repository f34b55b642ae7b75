// JSONLines: a stream for programs.
//
// Owns the members of each object, which stand in a fixed order; a member is missing where there is nothing to say. Neighbours:
// StreamLines, Printable.
#if ConfigStream

    internal import GraftConfigStream

    /// A stream for programs: one JSON object a line.
    struct JSONLines: StreamLines {
        func snapshot(_ snapshot: ShownSnapshot, at time: WallTime) -> [String] {
            let heading = Self.object(
                [("event", "\"snapshot\""), ("time", Self.string("\(time)"))] + Self.members(snapshot.position)
                    + [("origin", Self.string(snapshot.origin)), ("count", "\(snapshot.settings.count)")])
            return [heading]
                + snapshot.settings.map { setting in
                    Self.object(
                        [("event", "\"setting\""), ("key", Self.string(setting.key))]
                            + Self.member("value", setting.new) + Self.rest(setting))
                }
        }

        func change(_ change: ShownChange, at time: WallTime) -> String {
            Self.object(
                [("event", "\"change\""), ("time", Self.string("\(time)")), ("key", Self.string(change.key))]
                    + Self.member("old", change.old) + Self.member("new", change.new) + Self.rest(change))
        }

        func lagged(from: StreamPosition, to: StreamPosition, count: Int, at time: WallTime) -> String {
            Self.object([
                ("event", "\"lagged\""), ("time", Self.string("\(time)")),
                ("from", Self.object(Self.members(from))), ("to", Self.object(Self.members(to))), ("count", "\(count)"),
            ])
        }

        /// A name, and a value that is JSON already.
        private typealias Member = (name: String, json: String)

        /// What a setting and a change have in common.
        private static func rest(_ change: ShownChange) -> [Member] {
            (change.source.map { [("source", string($0))] } ?? []) + members(change.position)
                + (change.isMasked ? [("masked", "true")] : [])
        }

        /// A place in the history.
        private static func members(_ position: StreamPosition) -> [Member] {
            [("epoch", "\(position.epoch)"), ("sequence", "\(position.sequence)")]
        }

        /// A value, if there is one.
        private static func member(_ name: String, _ value: ShownValue) -> [Member] {
            switch value {
            case .none: []
            case .masked: [(name, string("********"))]
            case .value(let value): [(name, value.json)]
            }
        }

        /// A text as JSON.
        private static func string(_ text: String) -> String { StreamValue.string(text).json }

        /// An object of these members, without a character that a terminal could obey.
        private static func object(_ members: [Member]) -> String {
            Printable.text("{" + members.map { "\"\($0.name)\":\($0.json)" }.joined(separator: ",") + "}")
        }
    }

#endif
