// VersionLedger: which version comes next for a path.
//
// Owns the counting. A path's version never goes back, also when the path was gone for a while; what is remembered of
// paths that are gone is bounded. Neighbours: FileConfigEngine and StreamConfigSource ask for each update.

/// Versions by path.
package struct VersionLedger: Sendable {
    /// The last version of each path that is remembered.
    private var versions: [String: UInt64] = [:]
    /// Paths that were removed, the one removed longest ago first.
    private var removed: [String] = []
    /// The highest version that has been forgotten: a path that is not remembered goes on from here.
    private var forgotten: UInt64 = 0

    /// A ledger without versions.
    package init() {}

    /// Whether the path has had a version that is remembered.
    func knows(_ path: String) -> Bool { versions[path] != nil }

    /// The version of a change of the path: one more than its last.
    package mutating func next(_ path: String, isRemoval: Bool) -> UInt64 {
        let version = (versions[path] ?? forgotten) + 1
        versions[path] = version
        removed.removeAll { $0 == path }
        if isRemoval {
            removed.append(path)
            if removed.count > FileConfigSource.maximumRemembered { forget(removed.removeFirst()) }
        }
        return version
    }

    /// Forgets a path but not how far versions have come.
    private mutating func forget(_ path: String) {
        forgotten = max(forgotten, versions.removeValue(forKey: path) ?? 0)
    }
}
