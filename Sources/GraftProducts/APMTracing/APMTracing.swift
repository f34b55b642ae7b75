// APMTracing: remote tracing configuration, from changes to the products' handlers.
//
// Owns what each product was told last, and the calls. A product is told when that differs from what holds now: after a
// change, when it was registered late, and again when its handler threw. Neighbours: APMTracingState merges,
// ProductManager knows the products, ProcessWatch tells of forks.

internal import GraftConfig

/// Merges the configurations of `APM_TRACING` and tells the products of a manager.
///
/// ```swift
/// let tracing = APMTracing(manager, identity: APMIdentity(service: "shop", env: "prod"))
/// let result = tracing.apply([APMTracingChange(path: path, content: json)])
/// for answer in result.acknowledgements { client.report(answer.path, answer.applyState, answer.applyError) }
/// ```
///
/// Any thread may call it; calls exclude each other. A handler that calls it gets a refusal, as it would wait for itself.
public final class APMTracing: Sendable {
    /// What a delivery came to.
    public struct Delivery: Sendable, Hashable {
        /// One for each change, in the order of the changes.
        public var acknowledgements: [APMTracingAcknowledgement] = []
        /// The settings that hold now and did not before, for configuration telemetry; a value that was withdrawn stands
        /// here with the local one, or `null`, in its place.
        public var changes: [ConfigurationEntry] = []
        /// The handlers that have thrown, each with its product and its error; they are called again with the next change.
        public var failures: [String] = []
    }

    /// What a product was told.
    private struct Told: Sendable, Hashable {
        /// What Remote Configuration said.
        var remote: LibraryConfig
        /// What held.
        var settings: LibraryConfig
    }

    /// All that changes.
    private struct Storage: Sendable {
        /// The set.
        var state: APMTracingState
        /// By product.
        var told: [String: Told] = [:]
        /// Whether a handler has asked for others to be told.
        var isAskedAgain = false
    }

    private let manager: ProductManager
    private let origins: [String: ConfigurationEntry.Origin]
    private let storage: Forkable<Storage>

    /// For the products of a manager.
    ///
    /// - Parameters:
    ///   - manager: whose products are told.
    ///   - identity: whose configurations count.
    ///   - local: the settings that hold where Remote Configuration has no opinion.
    ///   - origins: where the local settings come from, by their names on the wire; `env_var` for those not in it.
    public init(
        _ manager: ProductManager, identity: APMIdentity, local: LibraryConfig = LibraryConfig(),
        origins: [String: ConfigurationEntry.Origin] = [:]
    ) {
        self.manager = manager
        self.origins = origins
        storage = Forkable(Storage(state: APMTracingState(identity: identity, local: local)))
    }

    /// What Remote Configuration says, all in all.
    public var remote: LibraryConfig { storage.withLock { $0.state.remote } }

    /// What holds: the local settings with what Remote Configuration says over them.
    public var settings: LibraryConfig { storage.withLock { $0.state.settings } }

    /// Takes what a client brings, changes only, and tells the products what all configurations together come to. Returns
    /// when the handlers have returned.
    @discardableResult
    public func apply(_ changes: [APMTracingChange]) -> Delivery {
        var result = Delivery()
        let turn = storage.turn
        guard case .taken = turn.take(within: nil) else {
            result.acknowledgements = changes.map {
                APMTracingAcknowledgement(path: $0.path, outcome: .refused("was brought by a handler of a product"))
            }
            return result
        }
        defer { turn.giveBack() }
        (result.acknowledgements, result.changes) = storage.withLock { storage in
            let before = storage.state.settings
            let acknowledgements = storage.state.apply(changes)
            return (acknowledgements, entries(from: before, to: storage.state))
        }
        let failures = tellAll()
        if !failures.isEmpty { result.acknowledgements = result.acknowledgements.map { $0.failed(failures) } }
        result.failures = failures
        return result
    }

    /// Tells the products that were not told yet: those that have been registered since the last change, and those whose
    /// handler threw. Inside a handler it returns at once, and they are told when the handler has returned.
    public func tellProducts() { _ = tell() }

    /// Tells products; what went wrong, or nil inside a handler.
    func tell() -> [String]? {
        let turn = storage.turn
        guard case .taken = turn.take(within: nil) else {
            storage.withLock { $0.isAskedAgain = true }
            return nil
        }
        defer { turn.giveBack() }
        return tellAll()
    }

    /// Tells whoever does not know, in the order of the start; says what went wrong. A handler may start products: then
    /// these are told as well. It ends, since nobody is told the same twice.
    private func tellAll() -> [String] {
        var failures: [(name: String, text: String)] = []
        repeat {
            storage.withLock { $0.isAskedAgain = false }
            for product in manager.configurable where !failures.contains(where: { $0.name == product.name }) {
                guard let failure = tell(product) else { continue }
                manager.say(.error, product.name, "apmTracingRC failed: \(failure)")
                failures.append((product.name, "\(product.name): \(failure)"))
            }
        } while storage.withLock { $0.isAskedAgain }
        return failures.map(\.text)
    }

    /// Tells one product unless it knows; what its handler threw.
    private func tell(_ product: any Product) -> String? {
        let (now, before) = storage.withLock { storage in
            let local = storage.state.local
            let now = Told(remote: storage.state.remote, settings: storage.state.settings)
            return (now, storage.told[product.name] ?? Told(remote: LibraryConfig(), settings: local))
        }
        guard now != before else { return nil }
        let failure = ProductManager.failure { try product.apmTracingRC(now.remote, now.settings) }
        if failure == nil { storage.withLock { $0.told[product.name] = now } }
        return failure
    }

    /// What differs, with the origin of what holds now.
    private func entries(from before: LibraryConfig, to state: APMTracingState) -> [ConfigurationEntry] {
        let (old, new, remote) = (before.json, state.settings.json, state.remote.json)
        let gone = old.members.filter { new[$0.key] == nil }.map { JSONMember(key: $0.key, value: .null) }
        return (new.members.filter { old[$0.key] != $0.value } + gone).map { member in
            let local: ConfigurationEntry.Origin =
                member.value == .null ? .byDefault : origins[member.key] ?? .environment
            let isRemote = remote[member.key] == member.value
            return ConfigurationEntry(name: member.key, value: member.value, origin: isRemote ? .remote : local)
        }
    }
}

extension APMTracingAcknowledgement {
    /// The same, after these handlers have thrown.
    fileprivate func failed(_ failures: [String]) -> APMTracingAcknowledgement {
        guard case .applied = outcome else { return self }
        return APMTracingAcknowledgement(
            path: path, outcome: .failed(failures.joined(separator: "; ")), warnings: warnings)
    }
}

extension APMTracing: ProcessWatcher {
    /// Keeps it usable in forked children, which begin with their parent's settings; the first delivery to a child is taken
    /// for its complete set. To be called once, before the manager's `watchProcess()`, so that it is ready when products
    /// are restarted. An `APMTracingProduct` does not need it.
    ///
    /// - Throws: `system` when there is no memory for it.
    public func watchProcess() throws(ProductError) { try ProcessWatch.add(self) }

    /// Copies what the child needs.
    func prepareForFork() -> any ForkPreparation {
        var child = storage.withLock { $0 }
        child.state = child.state.inChild()
        child.isAskedAgain = false
        return CorePreparation(storage: storage, core: Forkable.Core(child))
    }

    /// Does nothing: it has no threads.
    func processEnds() {}
}
