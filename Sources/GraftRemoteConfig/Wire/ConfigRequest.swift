// ConfigRequest: what a client tells the agent when it asks for its configuration.
//
// Owns the values of one request and their JSON. Bytes go as base64, which every agent reads and which is the shortest
// form. A field that is empty by its meaning (an error, the back end's state) is left out. Neighbours: RemoteConfigState
// makes requests.

public import GraftConfig

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
    public var bytes: [UInt8] { JSONWriter.bytes(json) }

    /// The request as a value.
    public var json: JSONValue {
        [
            "client": [
                "id": .string(clientID), "products": .array(products.map(JSONValue.string)), "is_tracer": true,
                "client_tracer": tracer.json, "state": state, "capabilities": .string(capabilities.base64),
            ],
            "cached_target_files": .array(cachedFiles.map(\.json)),
        ]
    }

    /// The client's state.
    private var state: JSONValue {
        var state = JSONObject()
        state["root_version"] = JSONValue(rootVersion)
        state["targets_version"] = JSONValue(targetsVersion)
        state["config_states"] = .array(configStates.map(\.json))
        state["has_error"] = .bool(error != nil)
        if let error { state["error"] = .string(BoundedText.line(error)) }
        if let backendState { state["backend_client_state"] = .string(backendState) }
        return .object(state)
    }
}

extension ConfigRequest.ConfigState {
    /// The value that a request carries.
    fileprivate var json: JSONValue {
        var state = JSONObject()
        state["id"] = .string(path.id)
        state["version"] = JSONValue(version)
        state["product"] = .string(path.product)
        state["apply_state"] = JSONValue(acknowledgement.applyState)
        if let error = acknowledgement.applyError, !error.isEmpty { state["apply_error"] = .string(error) }
        return .object(state)
    }
}

extension ConfigRequest.CachedFile {
    /// The value that a request carries.
    fileprivate var json: JSONValue {
        [
            "path": .string(path.text), "length": JSONValue(length),
            "hashes": [["algorithm": "sha256", "hash": .string(sha256.hex)]],
        ]
    }
}
