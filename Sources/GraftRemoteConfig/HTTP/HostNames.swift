// HostNames: from a host's name to addresses.
//
// Owns the only call of this folder that may block: getaddrinfo(3). It is not made for numeric addresses nor for
// `localhost`, which are what nearly every agent is reached by. For any other name it asks the host's own resolver, with
// the resolver's own time limits (five seconds for each try, unless resolv.conf says otherwise), and neither the deadline
// nor a cancellation ends it: both are looked at as soon as it returns. A thread of its own could be abandoned instead; in
// a process that is not ours, a thread that nobody waits for is the worse evil. Neighbour: AgentConnector.

internal import Glibc

/// Names of hosts.
enum HostNames {
    /// The most addresses of a name that are tried.
    static let maximumAddresses = 8

    /// Whether to find the addresses of `host` may block.
    static func mayBlock(_ host: String) -> Bool { known(host, port: 1) == nil }

    /// The addresses of `host`, those to be tried first in front.
    static func addresses(of host: String, port: UInt16) throws(TransportError) -> [PeerAddress] {
        if let known = known(host, port: port) { return known }
        return try asked(host, port: port)
    }

    /// The addresses of a host that nobody needs to be asked for. `localhost` is the loopback, whatever a resolver would
    /// say (RFC 6761).
    private static func known(_ host: String, port: UInt16) -> [PeerAddress]? {
        if let address = PeerAddress(numeric: host, port: port) { return [address] }
        let name = host.utf8.map(HTTPText.lower)
        guard name == Array("localhost".utf8) || name == Array("localhost.".utf8) else { return nil }
        return ["127.0.0.1", "::1"].compactMap { PeerAddress(numeric: $0, port: port) }
    }

    /// What the resolver says. Blocks.
    private static func asked(_ host: String, port: UInt16) throws(TransportError) -> [PeerAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &found)
        guard result == 0 else {
            throw TransportError(
                .name, "the name \(host) leads to no address: \(String(cString: gai_strerror(result)))")
        }
        defer { freeaddrinfo(found) }
        var addresses: [PeerAddress] = []
        var next = found
        while let entry = next, addresses.count < maximumAddresses {
            if let address = PeerAddress(entry.pointee) { addresses.append(address) }
            next = entry.pointee.ai_next
        }
        guard !addresses.isEmpty else { throw TransportError(.name, "the name \(host) leads to no address") }
        return addresses
    }
}
