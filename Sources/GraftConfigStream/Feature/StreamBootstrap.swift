// StreamBootstrap: where the core agent is and how to talk to it, before there is a stream that could say so.
//
// Owns the reading of the settings by which a client is steered. It connects to nothing and opens nothing. Neighbours:
// StreamSwitches finds settings, CoreAgentAddress and IPCFiles are what comes of them.

/// The settings by which a client finds its core agent, out of the environment, a local configuration and the defaults.
///
/// ```swift
/// let bootstrap = StreamBootstrap(local, environment: environment)
/// let transport = GRPCStreamTransport(address: try bootstrap.address(), files: bootstrap.files(folder: "/etc/datadog-agent"))
/// ```
public struct StreamBootstrap: Sendable, Hashable {
    /// Where a core agent listens unless a setting says otherwise.
    public static let usualHost = "localhost"
    /// Its port.
    public static let usualPort = "5001"

    /// `cmd_host`.
    public var host: String
    /// `cmd_port`, as it was written.
    public var port: String
    /// `vsock_addr`: a context id, or `host`, `local`, `hypervisor`; empty when none is set.
    public var vsock: String
    /// `auth_token_file_path`; empty when it is not set.
    public var authTokenFilePath: String
    /// `ipc_cert_file_path`; empty when it is not set.
    public var certificateFilePath: String
    /// `remote_agent.registry.enabled`.
    public var isRegistryEnabled: Bool

    /// Reads the settings. A variable, `DD_CMD_HOST` for `cmd_host`, goes before the local configuration unless it is empty.
    public init(_ local: LocalConfiguration, environment: [String: String]) {
        let switches = StreamSwitches(local: local, environment: environment)
        host = switches.text("cmd_host", default: Self.usualHost)
        port = switches.text("cmd_port", default: Self.usualPort)
        vsock = switches.text("vsock_addr", default: "")
        authTokenFilePath = switches.text("auth_token_file_path", default: "")
        certificateFilePath = switches.text("ipc_cert_file_path", default: "")
        isRegistryEnabled = switches.isOn(StreamSwitches.registry)
    }

    /// Where the core agent listens: the virtual machine's socket when there is one, else the host.
    ///
    /// - Throws: a `StreamFailure` of code `address` that quotes what cannot be used.
    public func address() throws(StreamFailure) -> CoreAgentAddress {
        if vsock.isEmpty {
            return try CoreAgentAddress(
                host.contains(":") && !host.hasPrefix("[") ? "[\(host)]:\(port)" : "\(host):\(port)")
        }
        // The names that the kernel's interface has for the first ids.
        let context = ["hypervisor": "0", "local": "1", "host": "2"][vsock] ?? vsock
        return try CoreAgentAddress("vsock://\(context):\(port)")
    }

    /// The core agent's files, for one whose configuration is in `folder`.
    public func files(folder: String) -> IPCFiles {
        IPCFiles(folder: folder, authTokenFilePath: authTokenFilePath, certificateFilePath: certificateFilePath)
    }
}
