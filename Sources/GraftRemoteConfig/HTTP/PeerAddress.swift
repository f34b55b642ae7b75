// PeerAddress: an address as the system wants it.
//
// Owns the translation of a numeric address, of a socket's path and of what the resolver found into a `struct sockaddr`.
// Neighbours: HostNames finds numeric addresses, AgentConnector connects to them.

internal import Glibc

/// An address of any family.
struct PeerAddress {
    /// The address, in the first bytes.
    private var storage = sockaddr_storage()
    /// How many bytes.
    private var size: Int

    /// The address's family.
    var family: Int32 { Int32(storage.ss_family) }

    /// A numeric address; nil when it is none.
    init?(numeric host: String, port: UInt16) {
        var v4 = sockaddr_in()
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_port = port.bigEndian
        var v6 = sockaddr_in6()
        v6.sin6_family = sa_family_t(AF_INET6)
        v6.sin6_port = port.bigEndian
        if inet_pton(AF_INET, host, &v4.sin_addr) == 1 {
            self.init(copying: v4)
        } else if inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 {
            self.init(copying: v6)
        } else {
            return nil
        }
    }

    /// A Unix socket; nil when there is no room for its path, and the zero behind it.
    init?(socket path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        self.init(copying: address)
    }

    /// What the resolver found; nil for an address that is too long to be one.
    init?(_ found: addrinfo) {
        guard let address = found.ai_addr, Int(found.ai_addrlen) <= MemoryLayout<sockaddr_storage>.size else {
            return nil
        }
        size = Int(found.ai_addrlen)
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size))
        }
    }

    /// Copies the system's own form, a C structure.
    private init<Raw>(copying raw: Raw) {
        size = MemoryLayout<Raw>.size
        withUnsafeBytes(of: raw) { bytes in
            withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: bytes) }
        }
    }

    /// Calls `body` with the address and its size.
    func withAddress<Answer>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Answer) -> Answer {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(size)) }
        }
    }
}
