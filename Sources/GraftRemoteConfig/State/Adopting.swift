// Adopting: configurations of an earlier run, put in force until an agent says what holds.
//
// Owns the way from a cache into a state, and from a state to what is worth keeping. What was adopted is in force for callbacks
// and does not exist for the agent: no request names it, and the version of the targets stays what it was. Neighbours:
// RemoteConfigCache keeps it, Committing replaces it.

extension RemoteConfigState {
    /// Puts configurations in force that were last known to be good, until the agent's first statement of what is in force,
    /// which replaces all of them: those that it does not name are removed. An answer that states nothing ("nothing has changed",
    /// no answer, an agent without Remote Configuration) leaves them.
    ///
    /// Configurations of products that are neither enabled nor handled are left out, as are those whose path has one already.
    /// Once an agent has stated what is in force, nothing is adopted any more.
    ///
    /// - Returns: those that are in force now and were not.
    @discardableResult
    public mutating func adopt(_ payloads: [Payload]) -> [Payload] {
        guard !hasStatement else { return [] }
        var adopted: [Payload] = []
        for payload in payloads where !payload.isRemoval && isWanted(payload.path.product) {
            guard held[payload.path] == nil else { continue }
            held[payload.path] = HeldConfig(payload: payload, isAdopted: true)
            adopted.append(payload)
        }
        return adopted
    }

    /// What is in force and was acknowledged, in the order of the paths: what is worth keeping for a start without an agent. What
    /// a callback could not use is not among it, so it cannot spoil the next start.
    public var lastKnownGood: [Payload] {
        held.values.filter { $0.acknowledgement.isInForce }.map(\.payload).sorted { $0.path < $1.path }
    }
}
