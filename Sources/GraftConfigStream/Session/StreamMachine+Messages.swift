// StreamMachine+Messages: which messages count.
//
// Owns the meeting of streams and order: what a message of the current stream, and one of the next stream, leads to. The
// order itself is StreamOrder's. Neighbours: StreamMachine, the consumer applies what is to be applied.

extension StreamMachine {
    /// What is to be done with a message.
    enum Effect: Hashable {
        /// It is next: replace everything by it, or change one setting.
        case apply(StreamPosition)
        /// It does not count, and the stream goes on.
        case ignore
        /// Its stream was given up: nothing more of it is wanted.
        case abandon
    }

    /// A message has come.
    mutating func receive(
        _ id: StreamID, _ message: StreamMessage, at now: ContinuousClock.Instant
    ) -> (effect: Effect, actions: [Action]) {
        guard !hasStopped, id == current?.id || id == next?.id else { return (.abandon, []) }
        counters.bytes += message.size
        counters.unknownFields += message.unknownFields
        switch message.event {
        case .snapshot(let snapshot): return receiveSnapshot(id, snapshot.sequence, at: now)
        case .update(let update) where update.setting != nil: return receiveUpdate(id, update.sequence, at: now)
        case .update, .empty: return receiveNothing(id, at: now)
        }
    }

    /// A snapshot has come.
    private mutating func receiveSnapshot(
        _ id: StreamID, _ sequence: Int32, at now: ContinuousClock.Instant
    ) -> (effect: Effect, actions: [Action]) {
        var actions = id == next?.id ? promote() : []
        guard order.decide(sequence, isSnapshot: true) == .apply else {
            counters.droppedStale += 1
            return (.ignore, actions)
        }
        if current?.hasSnapshot == false {
            epoch += 1
            current?.hasSnapshot = true
            current?.liveSince = now
        }
        // The core agent has cured the gap by itself: the other stream is not needed.
        if isBehind {
            isBehind = false
            if let other = next {
                next = nil
                actions.append(.close(other.id))
            }
        }
        counters.snapshots += 1
        isReady = true
        failure = nil
        return (.apply(StreamPosition(epoch: epoch, sequence: sequence)), actions)
    }

    /// An update has come.
    private mutating func receiveUpdate(
        _ id: StreamID, _ sequence: Int32, at now: ContinuousClock.Instant
    ) -> (effect: Effect, actions: [Action]) {
        // Without its snapshot the next stream has nothing that an update could follow.
        if id == next?.id {
            counters.droppedBeforeSnapshot += 1
            return (.ignore, [])
        }
        switch order.decide(sequence, isSnapshot: false) {
        case .apply:
            counters.updates += 1
            return (.apply(StreamPosition(epoch: epoch, sequence: sequence)), [])
        case .stale:
            counters.droppedStale += 1
            return (.ignore, [])
        case .gap:
            if current?.hasSnapshot == false {
                counters.droppedBeforeSnapshot += 1
            } else {
                counters.droppedBehindGap += 1
            }
            let actions = resync(.gap, at: now)
            return (current?.id == id ? .ignore : .abandon, actions)
        }
    }

    /// A message without content has come: a newer core agent's, or a broken one's. If it had a number, the next update
    /// shows a gap. Under the rule `reconnect` the stream is given up at once.
    private mutating func receiveNothing(
        _ id: StreamID, at now: ContinuousClock.Instant
    ) -> (effect: Effect, actions: [Action]) {
        counters.malformed += 1
        guard profile.gap == .reconnect, id == current?.id else { return (.ignore, []) }
        let actions = resync(.malformed, at: now)
        return (current?.id == id ? .ignore : .abandon, actions)
    }
}
