// AgentExchange: one question to the agent and what came back, without the way in between.
//
// Owns the seam between what is to be said and the transport that says it. A transport adds what belongs to the way: the
// host, `Content-Type: application/json` for a body, the headers that name the container. Neighbours: RemoteConfigState
// decides what to ask and what an answer means; RemoteConfigTransport carries both. Telemetry asks in the same form.

/// A question to the agent.
public enum AgentExchange: Sendable, Hashable {
    /// What the agent can do.
    case info
    /// The configuration for this client.
    case config(ConfigRequest)

    /// The question as HTTP.
    public var httpRequest: HTTPRequest {
        switch self {
        case .info: HTTPRequest(method: "GET", path: "/info", body: [])
        case .config(let request): HTTPRequest(method: "POST", path: "/v0.7/config", body: request.bytes)
        }
    }
}

/// A question as HTTP.
public struct HTTPRequest: Sendable, Hashable {
    /// `GET` or `POST`.
    public var method: String
    /// The path, which begins with a slash.
    public var path: String
    /// Fields that the question itself has, beside those that belong to the way.
    public var headers: [HTTPHeader]
    /// JSON; empty for none.
    public var body: [UInt8]

    /// A question with these parts.
    public init(method: String, path: String, headers: [HTTPHeader] = [], body: [UInt8]) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }
}

/// A field of a request.
public struct HTTPHeader: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The value.
    public var value: String

    /// A field; it is checked when it is written: a value that would end its line fails the question.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// What came back.
public enum HTTPAnswer: Sendable, Hashable {
    /// A whole answer: its status and its body, out of all chunks and without any compression.
    case response(status: Int, body: [UInt8])
    /// No whole answer, and why: no connection, no time left, a connection that broke, too many bytes.
    case failure(String)
}
