// CoreAgentAddress: where a core agent listens.
//
// Owns the reading of an address and its limits. Opens nothing. Neighbours: GraftConfigStreamGRPC connects to it.

/// Where a core agent listens.
///
/// ```swift
/// let address = try CoreAgentAddress("localhost:5001")
/// ```
public enum CoreAgentAddress: Sendable, Hashable {
    /// A name to be looked up, and a port.
    case name(String, port: Int)
    /// An IPv4 address in dotted form, and a port.
    case ipv4(String, port: Int)
    /// An IPv6 address without brackets, and a port.
    case ipv6(String, port: Int)
    /// The path of a Unix domain socket.
    case unix(path: String)
    /// A virtual machine's socket: context id and port.
    case vsock(contextID: UInt32, port: UInt32)

    /// The longest path of a socket, in bytes (`sun_path` less its final zero).
    public static let pathMax = 107

    /// Reads `host:port`, `1.2.3.4:port`, `[::1]:port`, `unix:///path` (or `unix:/path`) and `vsock://cid:port`.
    ///
    /// - Throws: a `StreamFailure` of code `address` that quotes the text.
    public init(_ text: String) throws(StreamFailure) {
        if let path = Self.rest(of: text, after: "unix://") ?? Self.rest(of: text, after: "unix:") {
            guard path.hasPrefix("/") else { throw Self.failure(text, "a socket's path begins with /") }
            guard path.utf8.count <= Self.pathMax else {
                throw Self.failure(
                    text, "a socket's path has at most \(Self.pathMax) bytes, this one \(path.utf8.count)")
            }
            self = .unix(path: path)
            return
        }
        let isVSOCK = text.hasPrefix("vsock://")
        let place = isVSOCK ? String(text.dropFirst("vsock://".count)) : text
        guard let colon = place.lastIndex(of: ":") else { throw Self.failure(text, "a port is missing") }
        let host = String(place[..<colon])
        let port = String(place[place.index(after: colon)...])
        if isVSOCK {
            guard let contextID = UInt32(host), let port = UInt32(port), port > 0 else {
                throw Self.failure(text, "a context id and a port from 1 are expected")
            }
            self = .vsock(contextID: contextID, port: port)
            return
        }
        guard let number = UInt16(port), number > 0 else { throw Self.failure(text, "the port is not 1 to 65535") }
        guard !host.isEmpty else { throw Self.failure(text, "the host is missing") }
        if host.hasPrefix("["), host.hasSuffix("]") {
            self = .ipv6(String(host.dropFirst().dropLast()), port: Int(number))
        } else if host.contains(":") {
            throw Self.failure(text, "an IPv6 address stands in brackets")
        } else if Self.isDotted(host) {
            self = .ipv4(host, port: Int(number))
        } else {
            self = .name(host, port: Int(number))
        }
    }

    /// What follows a prefix; nil when the text does not have it.
    private static func rest(of text: String, after prefix: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    /// Whether a host is an IPv4 address: four numbers of one byte.
    private static func isDotted(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    /// The error about a text.
    private static func failure(_ text: String, _ why: String) -> StreamFailure {
        StreamFailure(.address, "\"\(text)\" is not a core agent's address: \(why)")
    }
}

extension CoreAgentAddress: CustomStringConvertible {
    /// The address as `init` reads it.
    public var description: String {
        switch self {
        case .name(let host, let port), .ipv4(let host, let port): "\(host):\(port)"
        case .ipv6(let host, let port): "[\(host)]:\(port)"
        case .unix(let path): "unix://\(path)"
        case .vsock(let contextID, let port): "vsock://\(contextID):\(port)"
        }
    }
}
