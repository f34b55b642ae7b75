// ConsumerTasks: what the tasks of a consumer do.
//
// Owns the calls to the core agent: one function for each kind of task. Each gives what came of it to the machine, unless its task
// was cancelled. Neighbours: ConsumerRun begins and cancels them, StreamTransport.

internal import Graft
internal import Synchronization

extension ConfigStreamConsumer {
    /// Registers, asks the provider, or takes the fixed id.
    func obtainSession(_ number: Int) async {
        do {
            let registration = try await registration()
            step { $0.machine.sessionObtained(number, registration) }
        } catch {
            if Task.isCancelled { return }
            let failure = failure(error)
            step { $0.machine.sessionRefused(number, failure) }
        }
    }

    /// The session, wherever it comes from.
    private func registration() async throws -> Registration {
        switch settings.session {
        case .fixed(let id):
            return Registration(sessionID: id, refreshIntervalSeconds: 0)
        case .provided(let provide):
            return Registration(sessionID: try await provide(), refreshIntervalSeconds: 0)
        case .registered(let flavor):
            // Nobody calls a mere consumer back: the place says so.
            let request = RegistrationRequest(
                pid: "", flavor: flavor, displayName: settings.clientName,
                apiEndpointURI: "https://configstream-consumer/\(settings.clientName)")
            return try await transport.withConnection { try await $0.register(request) }
        }
    }

    /// Refreshes a session of our own until the task is cancelled or the session is rejected.
    func keepSession(_ id: String, _ seconds: UInt32) async {
        guard case .registered = settings.session else { return }
        let interval = seconds == 0 ? settings.refreshInterval : .seconds(Int64(seconds))
        var delay = interval
        var troubles = 0
        while (try? await Task.sleep(for: delay)) != nil {
            do {
                // A connection of its own, kept until something goes wrong with it.
                try await transport.withConnection { connection in
                    while true {
                        try await connection.refresh(sessionID: id)
                        troubles = 0
                        try await Task.sleep(for: interval)
                    }
                }
            } catch {
                if Task.isCancelled { return }
                let failure = failure(error)
                step { $0.machine.refreshFailed(id, failure) }
                if failure.rejectsSession { return }
                // Never rarer than usual: the core agent forgets a session that is not refreshed.
                delay = min(settings.backoff.pause(attempt: troubles), interval)
                troubles += 1
            }
        }
    }

    /// Follows a stream to its end.
    func follow(_ id: StreamMachine.StreamID, session: String) async {
        var end: StreamFailure?
        do {
            let client = settings.clientName
            try await transport.withConnection { connection in
                try await connection.stream(client: client, sessionID: session) { try self.receive(id, $0) }
            }
        } catch {
            if Task.isCancelled { return }
            end = failure(error)
        }
        let result = end
        step { $0.machine.streamEnded(id, result, at: .now) }
    }

    /// Gives a stream up that does not say its snapshot in time.
    func watchForSnapshot(of id: StreamMachine.StreamID) async {
        guard (try? await Task.sleep(for: settings.snapshotTimeout)) != nil else { return }
        step { $0.machine.snapshotOverdue(id, at: .now) }
    }

    /// Releases the generations that were replaced, when nobody reads them any more: the next event would, and there may be none.
    func reclaim() async {
        repeat {
            guard (try? await Task.sleep(for: .milliseconds(50))) != nil else { return }
            storage.withLock { $0.isReclaiming = false }
        } while !store.published.reclaim()
    }

    /// What went wrong, as a failure of a call.
    private func failure(_ error: any Error) -> StreamFailure {
        switch error {
        case let failure as StreamFailure: failure
        case is CancellationError: StreamFailure(.cancelled, "the call was cancelled")
        default: StreamFailure(.unknown, "\(error)")
        }
    }
}
