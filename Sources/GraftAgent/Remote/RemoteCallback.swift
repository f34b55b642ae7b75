// RemoteCallback.swift: passes a product's configurations on to the agent's thread.
//
// Owns the hand-over. What becomes of a configuration is known when the agent's thread has applied it: until then it is
// acknowledged as under way.

internal import GraftRemoteConfig

/// The callback of a product that lives on the agent's thread.
struct RemoteCallback: RCCallback {
    /// Where the configurations go.
    let inbox: RemoteInbox
    /// Says of one that it is not applied yet.
    let notApplied: @Sendable (RemotePayload) -> Void

    /// Hands them over.
    func callAsFunction(payloads: [RemotePayload]) {
        for payload in payloads where !payload.isRemoval { notApplied(payload) }
        inbox.deliver(payloads)
    }
}
