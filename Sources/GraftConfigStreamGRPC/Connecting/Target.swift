// Target: a core agent's address, as gRPC's transport wants it.
//
// Owns which resolver an address goes through, and under which name the server is verified. A name is sent in the TLS
// handshake and looked for among the certificate's names; an IP address may not be sent there, and must go through the
// resolver of its family, which leaves the name out so that the certificate's addresses are looked at; a socket that is
// no network's has no name, and the certificate is made out to `localhost`. Neighbours: GRPCStreamTransport.
#if ConfigStream

    internal import GRPCNIOTransportHTTP2Posix
    internal import GraftConfigStream

    /// Where to connect to, and as whom to know the server.
    struct Target {
        /// The name in the certificate, for a server that is reached by no name and no IP address.
        static let localName = "localhost"

        /// What is to be resolved.
        let resolvable: any ResolvableTarget
        /// The server's name where the address has none; nil leaves it to the address.
        let authority: String?
        /// Whether the socket is one of TCP.
        let isTCP: Bool

        /// The target for this address.
        init(_ address: CoreAgentAddress) {
            switch address {
            case .name(let host, let port):
                resolvable = .dns(host: host, port: port)
                authority = nil
                isTCP = true
            case .ipv4(let host, let port):
                resolvable = .ipv4(address: host, port: port)
                authority = nil
                isTCP = true
            case .ipv6(let host, let port):
                resolvable = .ipv6(address: host, port: port)
                authority = nil
                isTCP = true
            case .unix(let path):
                resolvable = .unixDomainSocket(path: path)
                authority = Self.localName
                isTCP = false
            case .vsock(let contextID, let port):
                resolvable = .vsock(contextID: .init(rawValue: contextID), port: .init(rawValue: port))
                authority = Self.localName
                isTCP = false
            }
        }
    }

#endif
