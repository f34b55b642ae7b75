// ConfigRequest: what a client tells the agent when it asks for its configuration.
//
// Owns the values of one request and their JSON. Bytes go as base64, which every agent reads and which is the shortest
// form. A field that is empty by its meaning (an error, the back end's state) is left out. Neighbours: RemoteConfigState
// makes requests.

/// A request for configuration.
public struct ConfigRequest: Sendable, Hashable {
    /// What became of one configuration.
    public struct ConfigState: Sendable, Hashable {
        /// Its path.
        public var path: ConfigPath
        /// Its version.
        public var version: UInt64
        /// What became of it.
        public var acknowledgement: Acknowledgement

        /// The state of the configuration at `path`.
        public init(path: ConfigPath, version: UInt64, acknowledgement: Acknowledgement) {
            self.path = path
            self.version = version
            self.acknowledgement = acknowledgement
        }
    }

    /// A file that the client has, so that the agent need not send it again.
    public struct CachedFile: Sendable, Hashable {
        /// Its path.
        public var path: ConfigPath
        /// Its bytes; the agent compares the number.
        public var length: Int
        /// Its hash; the agent compares it.
        public var sha256: SHA256Digest

        /// The file at `path`.
        public init(path: ConfigPath, length: Int, sha256: SHA256Digest) {
            self.path = path
            self.length = length
            self.sha256 = sha256
        }
    }

    /// The client's identifier.
    public var clientID: String
    /// The products that configuration is wanted for.
    public var products: [String]
    /// Who asks.
    public var tracer: ClientTracer
    /// The version of the root of trust that was last seen; at least 1.
    public var rootVersion: UInt64 = 1
    /// The version of the targets that are in force; 0 asks for everything.
    public var targetsVersion: UInt64 = 0
    /// What became of the configurations.
    public var configStates: [ConfigState] = []
    /// What was wrong with the last answer as a whole; nil when nothing was.
    public var error: String?
    /// What the back end asked to be told, word for word; nil until it has.
    public var backendState: String?
    /// What the client can do.
    public var capabilities: Capabilities = []
    /// The files that the client has.
    public var cachedFiles: [CachedFile] = []

    /// A first request: nothing is known yet.
    public init(clientID: String, products: [String], tracer: ClientTracer) {
        self.clientID = clientID
        self.products = products
        self.tracer = tracer
    }

    /// The request's body.
    public var bytes: [UInt8] {
        var writer = RequestWriter(reserving: 1_024 + 512 * (configStates.count + cachedFiles.count))
        writer.object { writer in
            writer.key("client")
            writer.object { write(client: &$0) }
            writer.key("cached_target_files")
            writer.array(cachedFiles) { $1.write(to: &$0) }
        }
        return writer.bytes
    }

    /// Writes what is said about the client.
    private func write(client writer: inout RequestWriter) {
        writer.key("id")
        writer.text(clientID)
        writer.key("products")
        writer.array(products)
        writer.key("is_tracer")
        writer.bool(true)
        writer.key("client_tracer")
        tracer.write(to: &writer)
        writer.key("state")
        writer.object { write(state: &$0) }
        writer.key("capabilities")
        writer.text(capabilities.base64)
    }

    /// Writes the client's state.
    private func write(state writer: inout RequestWriter) {
        writer.key("root_version")
        writer.number(rootVersion)
        writer.key("targets_version")
        writer.number(targetsVersion)
        writer.key("config_states")
        writer.array(configStates) { $1.write(to: &$0) }
        writer.key("has_error")
        writer.bool(error != nil)
        if let error {
            writer.key("error")
            writer.text(BoundedText.line(error))
        }
        if let backendState {
            writer.key("backend_client_state")
            writer.text(backendState)
        }
    }
}

extension ConfigRequest.ConfigState {
    /// Writes what a request says.
    fileprivate func write(to writer: inout RequestWriter) {
        writer.object { writer in
            writer.key("id")
            writer.text(path.id)
            writer.key("version")
            writer.number(version)
            writer.key("product")
            writer.text(path.product)
            writer.key("apply_state")
            writer.number(acknowledgement.applyState)
            guard let error = acknowledgement.applyError, !error.isEmpty else { return }
            writer.key("apply_error")
            writer.text(error)
        }
    }
}

extension ConfigRequest.CachedFile {
    /// Writes what a request says.
    fileprivate func write(to writer: inout RequestWriter) {
        writer.object { writer in
            writer.key("path")
            writer.text(path.text)
            writer.key("length")
            writer.number(length)
            writer.key("hashes")
            writer.array([sha256]) { writer, sha256 in
                writer.object { writer in
                    writer.key("algorithm")
                    writer.text("sha256")
                    writer.key("hash")
                    writer.digest(sha256)
                }
            }
        }
    }
}
