// StreamMachine+State: how far the machine has come.
//
// Owns the mapping from what the machine knows to what its users are told. Neighbours: StreamMachine, StreamState.

extension StreamMachine {
    /// The state; `staleSince` is when the configuration, if there is one, was last known to be fresh.
    func state(staleSince: WallTime?) -> StreamState {
        if hasStopped { return .disconnected }
        if current?.hasSnapshot == true && !isBehind { return .live }
        if let staleSince { return .stale(since: staleSince) }
        if let failure, isPermanent(failure) { return .failed(failure) }
        return current == nil ? .connecting : .awaitingSnapshot
    }
}
