// AgentURL: reads the text of an agent's address.
//
// Owns the grammar: a subset of URLs that leaves no room for doubt. What it does not take (a user, a query, an escape in a
// host) it refuses with the place, in bytes from the beginning. Neighbour: AgentAddress.

internal import Glibc

/// The text of an agent's address.
struct AgentURL {
    /// The text.
    private let bytes: [UInt8]

    /// A text to read.
    init(_ text: String) { bytes = Array(text.utf8) }

    /// An error about the byte at `offset`.
    private static func refusal(_ message: String, at offset: Int) -> TransportError {
        TransportError(.address, message, offset: offset)
    }

    /// What the text says.
    func address() throws(TransportError) -> AgentAddress {
        let http = Array("http://".utf8)
        let unix = Array("unix://".utf8)
        let scheme = bytes.prefix(http.count).map(HTTPText.lower)
        if scheme == http { return try tcpAddress(from: http.count) }
        if scheme == unix { return AgentAddress(way: .unix(path: try Self.socketPath(bytes[unix.count...]))) }
        if scheme.starts(with: Array("https:".utf8)) {
            throw Self.refusal("an agent does not offer https: use http:// or unix://", at: 0)
        }
        throw Self.refusal("an agent's address begins with http:// or unix://", at: 0)
    }

    /// What follows `http://`.
    private func tcpAddress(from start: Int) throws(TransportError) -> AgentAddress {
        let end = bytes[start...].firstIndex {
            $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#")
        }
        let authority = bytes[start..<(end ?? bytes.endIndex)]
        if let at = authority.firstIndex(of: UInt8(ascii: "@")) {
            throw Self.refusal("an agent's address has no user", at: at)
        }
        let isBracketed = authority.first == UInt8(ascii: "[")
        var host = authority
        if isBracketed {
            guard let close = authority.firstIndex(of: UInt8(ascii: "]")) else {
                throw Self.refusal("a bracket is not closed", at: start)
            }
            host = authority[(start + 1)..<close]
        } else {
            host = authority.prefix { $0 != UInt8(ascii: ":") }
        }
        let name = try Self.host(host, isNumeric: isBracketed)
        let rest = authority[(host.endIndex + (isBracketed ? 1 : 0))...]
        guard let colon = rest.first else {
            return AgentAddress(way: .tcp(host: name, port: 80), basePath: try basePath(from: rest.endIndex))
        }
        guard colon == UInt8(ascii: ":") else {
            throw Self.refusal("a colon and the port are expected", at: rest.startIndex)
        }
        let port = try Self.port(rest.dropFirst())
        return AgentAddress(way: .tcp(host: name, port: port), basePath: try basePath(from: rest.endIndex))
    }

    /// The path at the end, without a slash at its own end.
    private func basePath(from start: Int) throws(TransportError) -> String {
        var path = bytes[start...]
        for index in path.indices {
            let byte = path[index]
            guard HTTPText.isVisible(byte), byte != UInt8(ascii: "?"), byte != UInt8(ascii: "#") else {
                throw Self.refusal("an agent's address has a path at most, and nothing after it", at: index)
            }
        }
        while path.last == UInt8(ascii: "/") { path = path.dropLast() }
        return String(decoding: path, as: UTF8.self)
    }

    // MARK: Parts

    /// A host: a name, an IPv4 address, or, where it must be numeric, an IPv6 address.
    static func host(_ host: ArraySlice<UInt8>, isNumeric: Bool) throws(TransportError) -> String {
        let start = host.startIndex
        guard !host.isEmpty else { throw refusal("there is no host", at: start) }
        guard host.count <= AgentAddress.maximumHostBytes else {
            throw refusal(
                "a host has at most \(AgentAddress.maximumHostBytes) bytes", at: start + AgentAddress.maximumHostBytes)
        }
        let text = String(decoding: host, as: UTF8.self)
        if isNumeric {
            guard isAddress(text, AF_INET6) else { throw refusal("this is no numeric IPv6 address", at: start) }
            return text
        }
        for index in host.indices {
            let byte = host[index]
            guard
                HTTPText.isToken(byte),
                HTTPText.hexadecimal(byte) != nil
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(HTTPText.lower(byte))
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            else { throw refusal("this is no byte of a host's name", at: index) }
        }
        // Resolvers take 127.1 and 0x7f.1 for addresses; nobody who writes such a thing means it.
        let looksNumeric = host.allSatisfy { HTTPText.decimal($0) != nil || $0 == UInt8(ascii: ".") }
        guard !looksNumeric || isAddress(text, AF_INET) else {
            throw refusal("this is no numeric IPv4 address", at: start)
        }
        return text
    }

    /// A port: 1 to 65535.
    static func port(_ digits: ArraySlice<UInt8>) throws(TransportError) -> UInt16 {
        var port = 0
        for index in digits.indices {
            guard let digit = HTTPText.decimal(digits[index]) else {
                throw refusal("a port is a decimal number", at: index)
            }
            port = port * 10 + digit
            guard port <= UInt16.max else { throw refusal("a port is at most \(UInt16.max)", at: index) }
        }
        guard port > 0 else { throw refusal("a port is at least 1", at: digits.startIndex) }
        return UInt16(port)
    }

    /// A socket's path: absolute, and as long as the system's addresses allow.
    private static func socketPath(_ path: ArraySlice<UInt8>) throws(TransportError) -> String {
        guard path.first == UInt8(ascii: "/"), path.count > 1 else {
            throw refusal("the absolute path of a socket is expected: unix:///…", at: path.startIndex)
        }
        if let zero = path.firstIndex(of: 0) { throw refusal("a path has no zero byte", at: zero) }
        let maximum = AgentAddress.maximumSocketPathBytes
        guard path.count <= maximum else {
            throw refusal(
                "the socket's path has \(path.count) bytes, and an address has room for \(maximum)",
                at: path.startIndex + maximum)
        }
        return String(decoding: path, as: UTF8.self)
    }

    /// Whether the system takes it for a numeric address of this family.
    private static func isAddress(_ text: String, _ family: Int32) -> Bool {
        var address = in6_addr()
        return inet_pton(family, text, &address) == 1
    }
}
