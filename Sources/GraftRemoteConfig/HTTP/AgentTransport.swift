// AgentTransport: carries the poller's questions to an agent.
//
// Owns a client, and for the time of an exchange the event that cancels it: between exchanges there is no descriptor that a
// host could close or take for its own. Decides nothing about answers. Neighbours: RemoteConfigTransport is the role,
// AgentClient does the work.

internal import GraftConfig
internal import Glibc

/// The way to an agent over TCP or a Unix socket.
public final class AgentTransport: RemoteConfigTransport, Sendable {
    /// What ends one exchange.
    private final class Stop: Sendable {
        /// The event.
        let event: WakeEvent

        init() throws(SystemFailure) { event = try WakeEvent() }
    }

    /// What the thread that asks and those that cancel share.
    private struct Storage: Sendable {
        /// Whether no exchange is wanted any more.
        var isCancelled = false
        /// The exchanges that are going on: mostly one.
        var current: [Stop] = []
    }

    /// What asks.
    private let client: AgentClient
    /// The process that this transport belongs to.
    private let process = getpid()
    private let storage = Guarded(Storage())

    /// A transport to `address`; an exchange may take `timeout`, all in all. The fields that name the container come from
    /// `environment` and the calling thread's control groups.
    public init(address: AgentAddress, environment: [String: String] = [:], timeout: Duration = .seconds(5)) {
        client = AgentClient(
            address: address, headers: EntityHeaders.found(environment: environment).headers, timeout: timeout)
    }

    /// Ends the exchanges that are going on, at once, and all later ones. Any thread. In a forked child it does nothing: the
    /// exchange is the parent's.
    public func cancel() {
        guard getpid() == process else { return }
        let current = storage.withLock { storage in
            storage.isCancelled = true
            return storage.current
        }
        for stop in current { stop.event.signal() }
    }

    /// Asks, and waits for the answer. Blocks: for a thread whose calls are left out of every probe. Any number of threads.
    public func send(_ request: HTTPRequest) -> HTTPAnswer {
        do throws(TransportError) {
            let stop = try begin()
            defer { storage.withLock { storage in storage.current.removeAll { $0 === stop } } }
            let response = try client.exchange(
                request.method, request.path, headers: request.headers, body: request.body, unless: stop.event)
            return .response(status: response.status, body: response.body)
        } catch {
            return .failure(error.description)
        }
    }

    /// Begins an exchange, unless none is wanted any more.
    private func begin() throws(TransportError) -> Stop {
        let stop: Stop
        do throws(SystemFailure) { stop = try Stop() } catch { throw TransportError(system: error) }
        let isCancelled = storage.withLock { storage in
            if !storage.isCancelled { storage.current.append(stop) }
            return storage.isCancelled
        }
        guard !isCancelled else { throw TransportError(.cancelled, "the transport was cancelled") }
        return stop
    }
}
