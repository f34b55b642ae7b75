// DetectionLog.swift: what has been reached since the start, within limits.
//
// Owns the records. They outlive the probe that made them: a target that is removed and comes back goes on counting. It
// reads no files and asks nobody: it is fed from snapshots. Neighbours: Detection.swift, SCAProduct.swift.

package import Graft

/// The detections, bounded.
package struct DetectionLog: Sendable {
    /// The most records that are kept.
    package static let maximumRecords = 10_000
    /// The most advisories that are kept for one dependency: a package, or an image whose package is unknown.
    package static let maximumAdvisories = 100

    /// What a record is known by: the same function named by two targets has two.
    private struct Key: Hashable {
        /// The target's text.
        var target: String
        /// The function's canonical identifier.
        var entry: String
    }

    /// A record, and how much of its count is settled.
    private struct Record {
        /// The record.
        var detection: Detection
        /// Calls seen by probes that are gone.
        var settled: UInt64 = 0
        /// Calls seen by the probe that is installed now.
        var current: UInt64 = 0
        /// The advisories that were last offered, of which `detection` has those that were admitted.
        var offered: [String] = []
    }

    /// The records.
    private var records: [Key: Record] = [:]
    /// The advisories admitted for each dependency.
    private var advisories: [String: Set<String>] = [:]
    /// Reached functions that did not fit, since `begin`.
    package private(set) var recordsDropped: UInt64 = 0
    /// Advisories that did not fit, each time that they were offered anew.
    package private(set) var advisoriesDropped: UInt64 = 0

    /// No detections.
    package init() {}

    /// How many functions were reached.
    package var count: Int { records.count }

    /// The detections, by target and then by function.
    package var detections: [Detection] {
        records.sorted { ($0.key.target, $0.key.entry) < ($1.key.target, $1.key.entry) }.map(\.value.detection)
    }

    /// The detection of a function by a target.
    package func detection(target: String, entry: EntryPoint) -> Detection? {
        records[Key(target: target, entry: entry.identifier)]?.detection
    }
}

extension DetectionLog {
    /// Begins a round of observations.
    package mutating func begin() { recordsDropped = 0 }

    /// Takes in what a snapshot says of one function of a target; nothing, while it has not been reached.
    ///
    /// - Parameters:
    ///   - caller: asked for the first caller until there is one; it may read files.
    ///   - package: asked for the image's package until it is known.
    package mutating func observe(
        target: String, info: EntryInfo, advisories offered: [String],
        caller: (EntryInfo) -> Symbol?, package: (String) -> Package?
    ) {
        guard info.hits > 0 else { return }
        let key = Key(target: target, entry: info.entry.identifier)
        guard records[key] != nil || records.count < Self.maximumRecords else {
            recordsDropped += 1
            return
        }
        var record = records[key] ?? Record(detection: Detection(target: target, entry: info.entry, count: 0))
        record.current = info.hits
        record.detection.count = record.settled + record.current
        record.detection.package = record.detection.package ?? package(info.entry.image)
        record.detection.firstCaller = record.detection.firstCaller ?? caller(info)
        if record.offered != offered {
            record.offered = offered
            let dependency = record.detection.package?.name ?? info.entry.image
            record.detection.advisories = offered.filter { admit($0, for: dependency) }
        }
        records[key] = record
    }

    /// Settles the counts of targets whose probes are gone: the next ones count from 0.
    package mutating func settle(_ targets: Set<String>) {
        for (key, record) in records where targets.contains(key.target) {
            records[key]?.settled = record.settled + record.current
            records[key]?.current = 0
        }
    }

    /// Whether an advisory is, or can still be, kept for a dependency.
    private mutating func admit(_ advisory: String, for dependency: String) -> Bool {
        if advisories[dependency]?.contains(advisory) == true { return true }
        guard advisories[dependency, default: []].count < Self.maximumAdvisories else {
            advisoriesDropped += 1
            return false
        }
        advisories[dependency, default: []].insert(advisory)
        return true
    }
}
