// AgentTransport: carries the poller's questions to an agent.
//
// Owns a client and the event that cancels it. Decides nothing about answers. Neighbours: RemoteConfigTransport is the role,
// AgentClient does the work.

internal import GraftConfig

/// The way to an agent over TCP or a Unix socket.
public final class AgentTransport: RemoteConfigTransport, Sendable {
    /// What asks.
    private let client: AgentClient
    /// What cancels.
    private let stop: WakeEvent

    /// A transport to `address`; an exchange may take `timeout`, all in all. The fields that name the container come from
    /// `environment` and the calling thread's control groups. Throws when the system has no descriptor for the event.
    public init(
        address: AgentAddress, environment: [String: String] = [:], timeout: Duration = .seconds(5)
    ) throws(TransportError) {
        client = AgentClient(
            address: address, headers: EntityHeaders.found(environment: environment).headers, timeout: timeout)
        do throws(SystemFailure) {
            stop = try WakeEvent()
        } catch {
            throw TransportError(system: error)
        }
    }

    /// Ends the exchange that is going on, at once, and all later ones. Any thread.
    public func cancel() { stop.signal() }

    /// Asks, and waits for the answer. Blocks: for a thread whose calls are left out of every probe.
    public func send(_ request: HTTPRequest) -> HTTPAnswer {
        do throws(TransportError) {
            let response = try client.exchange(
                request.method, request.path, headers: request.headers, body: request.body, unless: stop)
            return .response(status: response.status, body: response.body)
        } catch {
            return .failure(error.description)
        }
    }
}
