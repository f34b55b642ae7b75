// APMTracingProduct: remote tracing configuration as a product, fed by Remote Configuration.
//
// Owns the joint: payloads become changes, what became of each is acknowledged, and what all products can do is announced.
// Neighbours: APMTracing merges and calls the products' handlers, RemoteConfigProduct brings the payloads.

internal import GraftConfig
internal import GraftRemoteConfig

/// Takes `APM_TRACING` from Remote Configuration for the products of a manager.
///
/// ```swift
/// let remote = RemoteConfigProduct(settings)
/// let manager = try ProductManager([remote, Heartbeat()])
/// try manager.register(APMTracingProduct(manager, over: remote, identity: APMIdentity(service: "shop", env: "prod")))
/// try manager.watchProcess()
/// manager.start()
/// ```
///
/// What the products can be configured in (`apmCapabilities`) is announced, of all of them, and the product is asked for when
/// that is something; products that are registered later are looked at after the start that starts them. Each configuration
/// is acknowledged as what became of it: 2 when it counts or is for another service, 3 with the reason when it cannot
/// be used or a handler has thrown; when the handler takes it at a later change, it is 2 from then on.
///
/// A forked child begins with its parent's settings and takes up its own when its client has heard of them. The manager and
/// this product keep each other alive, as the products of a program do that lives as long as they do.
public final class APMTracingProduct: Product {
    /// Its name.
    public static let name = "apm-tracing-rc"

    /// A configuration that is reported as an error because of a handler, and what it is once the handler takes it.
    struct Unsettled: Sendable {
        /// It.
        let payload: Payload
        /// What it will be.
        let acknowledgement: Acknowledgement
    }

    /// What changes.
    struct Storage: Sendable {
        /// The capabilities that were announced.
        var announced: Capabilities = []
        /// By path.
        var unsettled: [ConfigPath: Unsettled] = [:]
        /// Whether the settings are those of this process and not its parent's.
        var isOwn = true
    }

    /// Its name.
    public let name: String = APMTracingProduct.name
    /// Remote Configuration.
    public let requires = [RemoteConfigProduct.name]
    /// The merge: what holds now.
    public let tracing: APMTracing
    private let manager: ProductManager
    private let remote: RemoteConfigProduct
    private let onChange: @Sendable ([ConfigurationEntry]) -> Void
    private let storage = Forkable(Storage())

    /// For the products of a manager.
    ///
    /// - Parameters:
    ///   - manager: whose products are told.
    ///   - remote: where configurations come from; registered with the same manager.
    ///   - identity: whose configurations count.
    ///   - local: the settings that hold where Remote Configuration has no opinion.
    ///   - origins: where the local settings come from, by their names on the wire; `env_var` for those not in it.
    ///   - onChange: given the settings that hold now and did not before, for configuration telemetry; called on the thread
    ///     that polls.
    public init(
        _ manager: ProductManager, over remote: RemoteConfigProduct, identity: APMIdentity,
        local: LibraryConfig = LibraryConfig(), origins: [String: ConfigurationEntry.Origin] = [:],
        onChange: @escaping @Sendable ([ConfigurationEntry]) -> Void = { _ in }
    ) {
        tracing = APMTracing(manager, identity: identity, local: local, origins: origins)
        (self.manager, self.remote, self.onChange) = (manager, remote, onChange)
    }

    /// Registers a callback, and asks for the product if there is anything to configure.
    public func start() {
        remote.registerCallback(APMTracingCallback(product: self), for: APMTracingChange.product)
        announce()
    }

    /// Nothing: what was registered and enabled is so in the child's client as well.
    public func restart(join: Bool) {}

    /// Asks no longer. What holds goes on holding.
    public func stop(join: Bool) {
        remote.disableProduct(APMTracingChange.product)
        remote.unregisterCallback(APMTracingChange.product)
    }

    /// As `stop`.
    public func atExit(join: Bool) { stop(join: join) }

    /// Nothing.
    public func postPreload() {}

    /// Says what the products can do, if that is something else than before.
    private func announce() {
        let now = Capabilities(rawValue: manager.apmCapabilities.rawValue)
        let before = storage.withLock { storage in
            defer { storage.announced = now }
            return storage.announced
        }
        guard now != before else { return }
        remote.updateCapabilities(mask: before.union(now), set: now)
        remote.enableProduct(APMTracingChange.product)
    }
}

// MARK: Deliveries

extension APMTracingProduct {
    /// Takes what has changed.
    fileprivate func take(_ payloads: [Payload]) {
        let delivery = tracing.apply(
            payloads.map { payload in
                APMTracingChange(
                    path: payload.path.text, product: payload.path.product, content: payload.content?.root.value)
            })
        for (payload, answer) in zip(payloads, delivery.acknowledgements) {
            var unsettled: Unsettled?
            if case .failed = answer.outcome {
                unsettled = Unsettled(payload: payload, acknowledgement: Acknowledgement(taken: answer))
            }
            storage.withLock { [unsettled] in $0.unsettled[payload.path] = unsettled }
            if !payload.isRemoval { remote.acknowledge(payload, Acknowledgement(answer)) }
        }
        settle(delivery.failures)
        if !delivery.changes.isEmpty { onChange(delivery.changes) }
    }

    /// Takes it that nothing is in force, when the agent has said so to a child whose parent knew of something.
    fileprivate func confirm() {
        guard remote.hasAnswer else { return }
        let wasOwn = storage.withLock { storage in
            defer { storage.isOwn = true }
            return storage.isOwn
        }
        if !wasOwn { take([]) }
    }

    /// After handlers were called: once none throws, what was reported as an error because of one is so no longer.
    private func settle(_ failures: [String]) {
        guard failures.isEmpty else { return }
        let settled = storage.withLock { storage in
            defer { storage.unsettled = [:] }
            return storage.unsettled
        }
        // One that has changed meanwhile, or is gone, is not acknowledged by this.
        for one in settled.values { remote.acknowledge(one.payload, one.acknowledgement) }
    }
}

/// What Remote Configuration calls.
private struct APMTracingCallback: RCCallback {
    /// Whose it is.
    let product: APMTracingProduct

    func callAsFunction(payloads: [Payload]) { product.take(payloads) }
    func periodic() { product.confirm() }
}

extension Acknowledgement {
    /// What Remote Configuration is told of an answer.
    fileprivate init(_ answer: APMTracingAcknowledgement) {
        switch answer.outcome {
        case .refused, .failed: self = .error(answer.applyError)
        case .applied, .notForUs, .removed: self.init(taken: answer)
        }
    }

    /// The same, when no handler has thrown.
    fileprivate init(taken answer: APMTracingAcknowledgement) {
        self = answer.warnings.isEmpty ? .acknowledged : .incomplete(answer.warnings.joined(separator: "; "))
    }
}

extension APMTracingProduct: CompanionProduct {
    /// Copies what a child needs.
    func prepareForFork() -> any ForkPreparation {
        let child = storage.withLock { Storage(announced: $0.announced, isOwn: false) }
        let own = CorePreparation(storage: storage, core: Forkable.Core(child))
        return BothPreparations(first: tracing.prepareForFork(), second: own)
    }

    /// Looks at products that were registered since, and tells them.
    func allHaveStarted() {
        announce()
        if let failures = tracing.tell() { settle(failures) }
    }
}

/// Two that were prepared for one fork.
private struct BothPreparations: ForkPreparation {
    /// The one.
    let first: any ForkPreparation
    /// The other.
    let second: any ForkPreparation

    func inParent() {
        first.inParent()
        second.inParent()
    }

    func inChild() {
        first.inChild()
        second.inChild()
    }
}
