// Display: what is on the screen, and what follows from a notice.
//
// Owns the settings that were printed. Notices of what they contain already are dropped, and a change reads from what was printed
// last, so that the lines always add up. Pure: the reader and the time are parameters. Neighbours: Watch, StreamLines, Masking.
#if ConfigStream

    internal import GraftConfigStream

    /// What is on the screen.
    struct Display: Sendable {
        private let lines: any StreamLines
        private let selection: StreamSelection
        private var masking: Masking
        /// The values that were printed, by key.
        private var values: [String: StreamValue] = [:]
        private var sources: [String: StreamSource] = [:]
        /// How far they are up to date.
        private var position = StreamPosition(epoch: 0, sequence: -1)

        /// An empty one.
        init(_ selection: StreamSelection, as lines: any StreamLines, showsSecrets: Bool) {
            self.lines = lines
            self.selection = selection
            masking = Masking(showsSecrets: showsSecrets)
        }

        /// The lines of a whole configuration, which is there first.
        mutating func begin(with reader: StreamReader, at time: WallTime) -> [String] {
            let reader = reader.snapshot()
            position = reader.position
            var settings: [ShownChange] = []
            for key in reader.allKeys where contains(key) {
                guard let value = reader.value(of: StreamKey(key)) else { continue }
                settings.append(set(key, value, reader.source(of: StreamKey(key)), at: position))
            }
            return lines.snapshot(
                ShownSnapshot(position: position, origin: reader.origin, settings: settings), at: time)
        }

        /// The lines of a notice; none when all of it was printed.
        mutating func take(_ notice: StreamNotice, at time: WallTime) -> [String] {
            var changes: [String] = []
            for change in notice.changes where isNew(change.position) {
                if values[change.key] == change.new, sources[change.key] == change.source { continue }
                let shown = set(change.key, change.new, change.source, at: change.position)
                changes.append(lines.change(shown, at: time))
            }
            guard case .lagged(let from, let to, _) = notice, !changes.isEmpty else { return changes }
            return [lines.lagged(from: from, to: to, count: changes.count, at: time)] + changes
        }

        /// Notes what is printed of a key from now on.
        private mutating func set(
            _ key: String, _ value: StreamValue?, _ source: StreamSource?, at position: StreamPosition
        ) -> ShownChange {
            let change = StreamChange(key: key, old: values[key], new: value, source: source, position: position)
            values[key] = value
            sources[key] = source
            return masking.shown(change)
        }

        /// Whether a place comes after the configuration that was there first. Numbers wrap: the difference tells.
        private func isNew(_ place: StreamPosition) -> Bool {
            place.epoch == position.epoch ? place.sequence &- position.sequence > 0 : place.epoch > position.epoch
        }

        /// Whether a key is wanted.
        private func contains(_ key: String) -> Bool {
            switch selection {
            case .all: true
            case .key(let wanted): key == wanted.name
            case .prefix(let prefix): key.hasPrefix(prefix.lowercased())
            }
        }
    }

#endif
