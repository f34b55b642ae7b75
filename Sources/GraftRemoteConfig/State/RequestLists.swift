// RequestLists: what requests say about files.
//
// Owns the making of the two lists, in the order of the paths, so that the same state always makes the same bytes. A state
// makes them once for each change, not for each poll. Neighbours: Reporting puts them into requests.

/// The lists of a request.
struct RequestLists: Sendable {
    /// What became of each configuration. A version that was refused stands for the one that is still in force.
    private(set) var states: [ConfigRequest.ConfigState]
    /// The files that are held.
    private(set) var files: [ConfigRequest.CachedFile]

    /// The lists about what is held and what was refused.
    init(_ held: [ConfigPath: HeldConfig], _ refusals: [ExactText: Refusal]) {
        // For the agent, what was adopted does not exist.
        let sorted = held.values.filter { !$0.isAdopted }.sorted { $0.payload.path < $1.payload.path }
        files = sorted.map { config in
            let metadata = config.payload.metadata
            return .init(path: config.payload.path, length: metadata.length, sha256: metadata.sha256)
        }
        states = sorted.map { config in
            .init(
                path: config.payload.path, version: config.payload.metadata.version,
                acknowledgement: config.acknowledgement)
        }
        if !refusals.isEmpty { report(refusals) }
    }

    /// Puts refusals in the place of what is held, or beside it.
    private mutating func report(_ refusals: [ExactText: Refusal]) {
        var byPath = Dictionary(uniqueKeysWithValues: states.map { ($0.path, $0) })
        for (text, refusal) in refusals {
            // A path that is none has no product to be reported under.
            guard let path = try? ConfigPath(text.text) else { continue }
            let version = refusal.version ?? byPath[path]?.version ?? 0
            byPath[path] = .init(path: path, version: version, acknowledgement: .error(refusal.reason))
        }
        states = byPath.values.sorted { $0.path < $1.path }
    }
}
