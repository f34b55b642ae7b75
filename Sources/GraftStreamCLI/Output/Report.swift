// Report: what is said of the connection, on standard error.
//
// Owns the words for states, failures and counts. Pure functions; Watch prints them. Neighbours: StreamState, StreamCounters.
#if ConfigStream

    internal import GraftConfigStream

    /// What is said of the connection.
    enum Report {
        /// The line of a state; with the counts that matter when there are some.
        static func state(_ state: StreamState, _ counters: StreamCounters?, at time: WallTime) -> String {
            let counts = counters.map { " (\(self.counts($0).joined(separator: ", ")))" } ?? ""
            return Printable.text("\(time) \(state)\(counts)")
        }

        /// The line of a failure.
        static func failure(_ failure: StreamFailure, at time: WallTime) -> String {
            Printable.text("\(time) \(failure)")
        }

        /// The last line: why it ended, and what was counted.
        static func summary(_ reason: String, _ counters: StreamCounters, all: Bool) -> String {
            "graft-stream: ended by \(reason): \(counts(counters, all: all).joined(separator: ", "))"
        }

        /// What was counted; without `all`, what is not zero beside the first three.
        static func counts(_ counters: StreamCounters, all: Bool = false) -> [String] {
            let first = [
                ("snapshots", counters.snapshots), ("updates", counters.updates), ("connects", counters.connects),
            ]
            let resyncs = ResyncCause.allCases.map { ("resyncs by \($0)", counters.resyncs[$0] ?? 0) }
            let others = [
                ("registrations", counters.sessionRegistrations), ("failed refreshes", counters.sessionRefreshFailures),
                ("dropped as stale", counters.droppedStale), ("dropped behind a gap", counters.droppedBehindGap),
                ("dropped before a snapshot", counters.droppedBeforeSnapshot), ("malformed", counters.malformed),
                ("duplicate settings", counters.duplicateSettings), ("unknown fields", counters.unknownFields),
                ("bytes", counters.bytes),
            ]
            return (first + (resyncs + others).filter { all || $0.1 != 0 }).map { "\($0.0) \($0.1)" }
        }
    }

#endif
