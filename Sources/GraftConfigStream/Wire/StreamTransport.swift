// StreamTransport: how a consumer reaches a core agent.
//
// Owns the role that a transport plays: three calls on a connection. It decides nothing: when to connect, to register
// and to try again is the consumer's. GraftConfigStreamGRPC has the transport over gRPC, GraftTestKit one in the
// process. Neighbours: StreamFailure says how a call ended.

/// Makes connections to one core agent.
public protocol StreamTransport: Sendable {
    /// Where it connects to, for messages: `localhost:5001`, `unix:///run/core.sock`.
    var address: String { get }

    /// Connects, and closes the connection when `body` has returned, has thrown or is cancelled. Credentials are read
    /// anew each time, so that one that was replaced is used from the next connection on. Several connections may be open
    /// at once. When the task is cancelled, everything on the connection ends at once.
    ///
    /// - Throws: what `body` throws; a `StreamFailure` when no connection can be made at all (credentials that cannot be read, say).
    func withConnection<Result: Sendable>(
        _ body: (any StreamConnection) async throws -> Result
    ) async throws -> Result
}

/// A connection to a core agent. Calls may be made at the same time, from any task.
public protocol StreamConnection: Sendable {
    /// Registers with the Remote Agent Registry. Bounded by the transport's deadline (30 s).
    func register(_ request: RegistrationRequest) async throws(StreamFailure) -> Registration

    /// Keeps a session alive. Bounded by the transport's deadline (30 s).
    func refresh(sessionID: String) async throws(StreamFailure)

    /// Opens the configuration stream and hands each message to `receive`, in the order in which they arrived, one at a
    /// time. Returns when the core agent has ended the stream with status OK.
    ///
    /// - Parameters:
    ///   - client: the client's name, the body of the request.
    ///   - sessionID: goes into the call's metadata as `session_id`.
    ///   - receive: what to do with a message; an error that it throws ends the stream and is thrown on.
    /// - Throws: a `StreamFailure` with the status when the stream ended with one, or could not be opened; `CancellationError`
    ///   when the task is cancelled; what `receive` throws.
    func stream(
        client: String, sessionID: String, receive: @Sendable (StreamMessage) throws -> Void
    ) async throws
}

/// What a remote agent says of itself when it registers.
public struct RegistrationRequest: Sendable, Hashable {
    /// The process id as text; may be empty.
    public var pid: String
    /// The flavour of agent.
    public var flavor: String
    /// The name that the core agent shows; not empty.
    public var displayName: String
    /// Where the core agent could call back; must have a scheme.
    public var apiEndpointURI: String
    /// The services that it offers there; a mere consumer has none.
    public var services: [String]

    /// A request with these parts.
    public init(pid: String, flavor: String, displayName: String, apiEndpointURI: String, services: [String] = []) {
        self.pid = pid
        self.flavor = flavor
        self.displayName = displayName
        self.apiEndpointURI = apiEndpointURI
        self.services = services
    }
}

/// What the core agent answers to a registration.
public struct Registration: Sendable, Hashable {
    /// The session's id, a UUID in text.
    public var sessionID: String
    /// How often to refresh, in seconds; 0 leaves it to the client.
    public var refreshIntervalSeconds: UInt32

    /// A registration with these parts.
    public init(sessionID: String, refreshIntervalSeconds: UInt32) {
        self.sessionID = sessionID
        self.refreshIntervalSeconds = refreshIntervalSeconds
    }
}
