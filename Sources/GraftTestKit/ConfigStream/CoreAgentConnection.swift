// CoreAgentConnection: a connection to the core agent in the process.
//
// Owns the three calls, with the answers and the sentences of a real core agent. Neighbours: InProcessCoreAgent.

public import GraftConfigStream

extension InProcessCoreAgent {
    /// Connects, which always succeeds.
    public func withConnection<Result: Sendable>(
        _ body: (any StreamConnection) async throws -> Result
    ) async throws -> Result {
        change { $0.counts.connections += 1 }
        defer { change { $0.counts.connections -= 1 } }
        try Task.checkCancellation()
        return try await body(CoreAgentConnection(agent: self))
    }
}

/// A connection to the core agent in the process.
private struct CoreAgentConnection: StreamConnection {
    let agent: InProcessCoreAgent

    func register(_ request: RegistrationRequest) async throws(StreamFailure) -> Registration {
        let (id, failure) = agent.change { storage -> (String, StreamFailure?) in
            if let failure = storage.registrationAnswers.popFirst() ?? nil { return ("", failure) }
            storage.counts.registrations += 1
            let id = "session-\(storage.counts.registrations)"
            storage.sessions.insert(id)
            return (id, nil)
        }
        if let failure { throw failure }
        return Registration(sessionID: id, refreshIntervalSeconds: agent.refreshIntervalSeconds)
    }

    func refresh(sessionID: String) async throws(StreamFailure) {
        let failure = agent.change { storage -> StreamFailure? in
            storage.counts.refreshes += 1
            if let failure = storage.refreshAnswers.popFirst() ?? nil { return failure }
            if storage.sessions.contains(sessionID) { return nil }
            return StreamFailure(.notFound, "no remote agent found with session ID: \(sessionID)")
        }
        if let failure { throw failure }
    }

    func stream(
        client: String, sessionID: String, receive: @Sendable (StreamMessage) throws -> Void
    ) async throws {
        let (messages, sink) = AsyncThrowingStream.makeStream(of: StreamMessage.self, throwing: (any Error).self)
        let (number, failure) = agent.change { storage -> (Int, StreamFailure?) in
            if let failure = storage.openingAnswers.popFirst() ?? nil { return (0, failure) }
            guard storage.sessions.contains(sessionID) else {
                return (0, StreamFailure(.permissionDenied, "session_id '\(sessionID)' not found"))
            }
            storage.counts.streamsOpened += 1
            storage.streams[storage.counts.streamsOpened] = sink
            if storage.saysSnapshots { sink.yield(StreamMessage(.snapshot(storage.snapshot(agent.origin)))) }
            return (storage.counts.streamsOpened, nil)
        }
        if let failure { throw failure }
        defer { agent.change { _ = $0.streams.removeValue(forKey: number) } }
        for try await message in messages { try receive(message) }
        try Task.checkCancellation()
    }
}

extension Array {
    /// Takes the first element; nil when there is none.
    fileprivate mutating func popFirst() -> Element? { isEmpty ? nil : removeFirst() }
}
