// DeliveryLedger: what one callback has been given.
//
// Owns the difference between what a callback knows and what is in force. Changes are never queued: they are worked out
// when they are delivered, so a callback that comes late is given everything, and none is given what is gone again.

/// What a callback has been given.
struct DeliveryLedger: Sendable {
    /// For each path that it knows, what it was given last.
    private var given: [ConfigPath: ConfigMetadata] = [:]

    /// What has changed since the last time, now that `payloads` is all that is in force: removals first. From now on
    /// the callback knows it. A content that is the same under a newer version has not changed.
    mutating func changes(to payloads: [Payload]) -> [Payload] {
        let additions = payloads.filter { payload in
            guard let known = given[payload.path] else { return true }
            return known.sha256 != payload.metadata.sha256 || known.length != payload.metadata.length
        }
        let present = Set(payloads.map(\.path))
        let removals = given.filter { !present.contains($0.key) }.map { Payload(removed: $0.key, metadata: $0.value) }
        given = Dictionary(payloads.map { ($0.path, $0.metadata) }, uniquingKeysWith: { $1 })
        return removals.sorted { $0.path < $1.path } + additions.sorted { $0.path < $1.path }
    }
}
