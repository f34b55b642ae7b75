// Reporting: what a state says about itself, to the agent and to whoever looks.
//
// Owns the making of requests and the record of acknowledgements. Neighbours: RequestLists.

internal import GraftConfig

extension RemoteConfigState {
    /// The request for configuration, as it would be sent now.
    public var request: ConfigRequest {
        let lists = lists
        var request = ConfigRequest(clientID: clientID, products: products, tracer: tracer)
        request.rootVersion = rootVersion
        request.targetsVersion = asksForEverything ? 0 : targetsVersion
        request.configStates = lists.states
        request.error = error
        request.backendState = backendState
        request.capabilities = capabilities
        request.cachedFiles = lists.files
        return request
    }

    /// What became of each configuration, in the order of their paths. A version that was refused stands for the one
    /// that is still in force.
    public var configStates: [ConfigRequest.ConfigState] { lists.states }

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
