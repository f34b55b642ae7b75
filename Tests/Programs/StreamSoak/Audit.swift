// Audit: whether the changes are those that a core agent made, in the order in which it made them.
//
// Owns what the changes have led to, and the rules. The driver writes values `LIFE.NUMBER` under the keys `k.…`: LIFE counts the core
// agent's processes, NUMBER its changes; and LIFE alone under `life`. Neighbour: main asks for what was found.
#if ConfigStream

    import GraftConfigStream
    import Synchronization

    /// Checks changes, one after the other.
    final class Audit: Sendable {
        /// How many findings are kept; all are counted.
        private static let findingsMax = 20

        /// A value, as the driver writes it.
        private struct Stamp: Comparable {
            let life: Int
            let number: Int

            /// The stamp in a value; nil when it is none.
            init?(_ value: StreamValue?) {
                guard case .string(let text) = value else { return nil }
                let parts = text.split(separator: ".").compactMap { Int($0) }
                guard parts.count == 2 else { return nil }
                (life, number) = (parts[0], parts[1])
            }

            static func < (left: Stamp, right: Stamp) -> Bool { (left.life, left.number) < (right.life, right.number) }
        }

        /// What the lock protects.
        private struct Storage {
            /// What the changes have led to.
            var settings: [String: (value: StreamValue, source: String)] = [:]
            /// The last stamp of each key, also of one that is gone.
            var stamps: [String: Stamp] = [:]
            /// The last stamp of an update.
            var last: Stamp?
            /// Where the last change stands, and where its epoch began.
            var position = StreamPosition(epoch: 0, sequence: -1)
            var epochBegan = StreamPosition(epoch: 0, sequence: -1)
            /// Where the reader stood.
            var seen = StreamPosition(epoch: 0, sequence: -1)
            var findings: [String] = []
            var counts = ["found": 0, "changes": 0, "lags": 0, "looks": 0]
        }

        private let storage = Mutex(Storage())

        /// What was found wrong, in words.
        var findings: [String] { storage.withLock { $0.findings } }

        /// How many findings, changes, lags and looks there were.
        var counts: [String: Int] { storage.withLock { $0.counts } }

        /// What the changes have led to.
        var folded: StreamValue {
            .map(
                storage.withLock { $0.settings }.mapValues {
                    .map(["value": $0.value, "source": .string($0.source)])
                })
        }

        /// Checks a notice.
        func take(_ notice: StreamNotice) {
            storage.withLock { storage in
                if case .lagged = notice { storage.counts["lags", default: 0] += 1 }
                for change in notice.changes { Self.take(change, &storage) }
            }
        }

        /// Checks what the reader shows: it never goes back, and all of it is of one life.
        func look(at reader: StreamReader) {
            let position = reader.position
            let life = reader.getString("life")
            let lives = Set(
                reader.allKeys.lazy.filter { $0.hasPrefix("k.") }.compactMap {
                    Stamp(reader.value(of: StreamKey($0))).map { "\($0.life)" }
                })
            storage.withLock { storage in
                storage.counts["looks", default: 0] += 1
                if Self.goesBack(from: storage.seen, to: position) {
                    Self.note("the reader went from \(storage.seen) to \(position)", &storage)
                }
                storage.seen = position
                if !lives.isEmpty, lives != [life] {
                    Self.note("at \(position) the reader shows lives \(lives.sorted()) in life \(life)", &storage)
                }
            }
        }

        /// Checks a change.
        private static func take(_ change: StreamChange, _ storage: inout Storage) {
            storage.counts["changes", default: 0] += 1
            if goesBack(from: storage.position, to: change.position) {
                note("\(change) comes after \(storage.position)", &storage)
            }
            if change.position.epoch != storage.position.epoch {
                storage.epochBegan = change.position
                storage.last = nil
            }
            // Several changes at one place are a snapshot's, whenever it came.
            let isUpdate = change.position != storage.epochBegan && change.position != storage.position
            storage.position = change.position
            if storage.settings[change.key]?.value != change.old {
                note("\(change): the value before was \(String(describing: storage.settings[change.key]))", &storage)
            }
            storage.settings[change.key] = change.new.map { ($0, change.source?.name ?? "") }
            guard change.key.hasPrefix("k."), let stamp = Stamp(change.new) else { return }
            // A snapshot of the same life may say again what was known.
            if let before = storage.stamps[change.key], stamp < before {
                note("\(change): the key was at \(before)", &storage)
            }
            storage.stamps[change.key] = stamp
            guard isUpdate else { return }
            if let last = storage.last, stamp.life == last.life, stamp <= last, storage.counts["lags"] == 0 {
                note("\(change) comes after \(last)", &storage)
            }
            storage.last = stamp
        }

        /// Whether a place is before another one.
        private static func goesBack(from old: StreamPosition, to new: StreamPosition) -> Bool {
            (new.epoch, new.sequence) < (old.epoch, old.sequence)
        }

        /// Notes a finding.
        private static func note(_ finding: String, _ storage: inout Storage) {
            storage.counts["found", default: 0] += 1
            if storage.findings.count < findingsMax { storage.findings.append(finding) }
        }
    }

#endif
