// RemoteConfigTransport: what carries questions to the agent.
//
// Owns the seam only. A test's transport is a list of answers; the real one speaks HTTP over TCP or a Unix socket.

/// Carries a question to the agent and its answer back.
public protocol RemoteConfigTransport {
    /// Sends a question and waits for the answer, within a time of the transport's own choosing. Adds what belongs to the
    /// way: `Host`, `Content-Type: application/json` for a body, the headers that name the container. Follows no
    /// redirection; stops reading after `RemoteConfigLimits.maximumResponseBytes`. Called on the thread that polls, one
    /// question at a time, without any lock held.
    func send(_ request: HTTPRequest) -> HTTPAnswer

    /// Ends the `send` that is going on, at once, and all later ones. Called on another thread than `send`. Does nothing
    /// unless it is implemented: for a transport whose `send` does not wait.
    func cancel()
}

extension RemoteConfigTransport {
    /// Does nothing.
    public func cancel() {}
}
