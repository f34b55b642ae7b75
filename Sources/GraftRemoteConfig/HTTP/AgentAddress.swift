// AgentAddress: where the agent is.
//
// Owns the value, its text, and the choice by the environment that all of Datadog's libraries make. Reads no file and asks
// no resolver: whether the usual socket exists is told by the caller. Neighbours: AgentURL reads the text of a URL,
// AgentConnector connects to the value.

/// Where the agent is.
///
/// ```swift
/// let address = try AgentAddress(url: "unix:///var/run/datadog/apm.socket")
/// ```
public struct AgentAddress: Sendable, Hashable {
    /// The way to it.
    public enum Way: Sendable, Hashable {
        /// TCP: a name, or a numeric address without brackets, and a port.
        case tcp(host: String, port: UInt16)
        /// A Unix stream socket: an absolute path.
        case unix(path: String)
    }

    /// The way to it.
    public let way: Way
    /// What comes before every path that is asked for: empty, or `/…` without a slash at its end.
    public let basePath: String

    /// The port, unless the environment says otherwise.
    public static let usualPort: UInt16 = 8126
    /// The socket that a DaemonSet or a package offers.
    public static let usualSocket = "/var/run/datadog/apm.socket"
    /// The most bytes of a socket's path: `sun_path`, less the zero at its end.
    public static let maximumSocketPathBytes = 107
    /// The most bytes of a host's name.
    public static let maximumHostBytes = 253

    /// An address whose parts have been checked.
    init(way: Way, basePath: String = "") {
        self.way = way
        self.basePath = basePath
    }

    /// What `DD_TRACE_AGENT_URL` says: `http://host:port`, `http://[::1]:port`, with a path before all paths if need be, or
    /// `unix:///path`, whose path is taken as it is written. Without a port it is 80, as in every URL. Throws the place of the
    /// first byte that cannot be; https is refused, since agents do not offer it.
    public init(url: String) throws(TransportError) { self = try AgentURL(url).address() }

    /// A host, with or without brackets around a numeric IPv6 address, and a port.
    public init(host: String, port: UInt16 = usualPort) throws(TransportError) {
        let bytes = Array(host.utf8)
        let isBracketed = bytes.first == UInt8(ascii: "[") && bytes.last == UInt8(ascii: "]")
        let inner = isBracketed ? bytes.dropFirst().dropLast() : bytes[...]
        way = .tcp(
            host: try AgentURL.host(inner, isNumeric: isBracketed || inner.contains(UInt8(ascii: ":"))), port: port)
        basePath = ""
    }

    /// The value of the field `Host`: without the port where that is 80, and `localhost` for a socket, which has no host.
    var hostField: String {
        guard case .tcp(let host, let port) = way else { return "localhost" }
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == 80 ? name : "\(name):\(port)"
    }
}

extension AgentAddress: CustomStringConvertible {
    /// As a URL.
    public var description: String {
        switch way {
        case .tcp: "http://\(hostField)\(basePath)"
        case .unix(let path): "unix://\(path)"
        }
    }
}

// MARK: The environment's choice

extension AgentAddress {
    /// What the environment chooses, as tracers do: `DD_TRACE_AGENT_URL`; else `DD_AGENT_HOST` and `DD_TRACE_AGENT_PORT` when
    /// there is either (or their older names `DD_TRACE_AGENT_HOSTNAME` and `DD_AGENT_PORT`), the other being `localhost` or
    /// 8126; else `usualSocket` when it is a socket; else `localhost:8126`. An empty variable is none. The error names the
    /// variable: a wrong address is never replaced by the usual one.
    public static func chosen(
        by environment: [String: String], isSocket: (String) -> Bool = UnixSocketPath.isSocket
    ) throws(TransportError) -> AgentAddress {
        if let (variable, url) = first(["DD_TRACE_AGENT_URL"], environment) {
            return try named(variable) { () throws(TransportError) in try AgentAddress(url: url) }
        }
        let host = first(["DD_AGENT_HOST", "DD_TRACE_AGENT_HOSTNAME"], environment)
        let port = first(["DD_TRACE_AGENT_PORT", "DD_AGENT_PORT"], environment)
        if host == nil, port == nil, isSocket(usualSocket) { return AgentAddress(way: .unix(path: usualSocket)) }
        var number = usualPort
        if let port {
            number = try named(port.variable) { () throws(TransportError) in
                try AgentURL.port(Array(port.value.utf8)[...])
            }
        }
        return try named(host?.variable) { () throws(TransportError) in
            try AgentAddress(host: host?.value ?? "localhost", port: number)
        }
    }

    /// The first of these variables that says something.
    private static func first(
        _ variables: [String], _ environment: [String: String]
    ) -> (variable: String, value: String)? {
        for variable in variables {
            if let value = environment[variable], !value.isEmpty { return (variable, value) }
        }
        return nil
    }

    /// Says which variable an error is about.
    private static func named<Value>(
        _ variable: String?, _ body: () throws(TransportError) -> Value
    ) throws(TransportError) -> Value {
        do throws(TransportError) {
            return try body()
        } catch {
            throw variable.map(error.about) ?? error
        }
    }
}
