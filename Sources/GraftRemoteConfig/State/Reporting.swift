// Reporting: what a state says about itself, to the agent and to whoever looks.
//
// Owns the making of requests and the record of acknowledgements. Lists are in the order of the paths, so that the same
// state always makes the same bytes.

internal import GraftConfig

extension RemoteConfigState {
    /// The request for configuration, as it would be sent now.
    public var request: ConfigRequest {
        var request = ConfigRequest(clientID: clientID, products: products, tracer: tracer)
        request.rootVersion = rootVersion
        request.targetsVersion = asksForEverything ? 0 : targetsVersion
        request.configStates = configStates
        request.error = error
        request.backendState = backendState
        request.capabilities = capabilities
        request.cachedFiles = held.values.sorted { $0.payload.path < $1.payload.path }.map { config in
            let metadata = config.payload.metadata
            return .init(path: config.payload.path, length: metadata.length, sha256: metadata.sha256)
        }
        return request
    }

    /// What became of each configuration, in the order of their paths. A version that was refused stands for the one
    /// that is still in force.
    public var configStates: [ConfigRequest.ConfigState] {
        var states: [ConfigPath: ConfigRequest.ConfigState] = [:]
        for (path, config) in held {
            states[path] = .init(
                path: path, version: config.payload.metadata.version, acknowledgement: config.acknowledgement)
        }
        for (text, refusal) in refusals {
            // A path that is none has no product to be reported under.
            guard let path = try? ConfigPath(text.text) else { continue }
            let version = refusal.version ?? states[path]?.version ?? 0
            states[path] = .init(path: path, version: version, acknowledgement: .error(refusal.reason))
        }
        return states.values.sorted { $0.path < $1.path }
    }

    /// Everything that is in force, in the order of the paths.
    public var payloads: [Payload] { held.values.map(\.payload).sorted { $0.path < $1.path } }

    /// Everything that is in force for a product, in the order of the paths.
    public func payloads(for product: String) -> [Payload] {
        held.values.map(\.payload).filter { $0.path.product == product }.sorted { $0.path < $1.path }
    }

    /// The refusals that last, in the order of the paths.
    public var activeRefusals: [Refusal] {
        refusals.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// What was wrong with the last answer as a whole; nil when nothing was.
    public var lastError: String? { error }

    /// Records what became of a configuration.
    ///
    /// - Parameters:
    ///   - path: the configuration's path.
    ///   - acknowledgement: what became of it.
    ///   - sha256: the content that is meant; nil for whichever is in force.
    /// - Returns: false, and nothing is recorded, when that content is no longer in force.
    @discardableResult
    public mutating func acknowledge(
        _ path: ConfigPath, _ acknowledgement: Acknowledgement, content sha256: SHA256Digest? = nil
    ) -> Bool {
        guard let config = held[path] else { return false }
        if let sha256, sha256 != config.payload.metadata.sha256 { return false }
        held[path]?.acknowledgement = acknowledgement.bounded
        return true
    }
}
