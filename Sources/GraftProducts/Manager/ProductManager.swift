// ProductManager: starts, stops and forks products in the right order.
//
// Owns the ledger behind its lock, and nothing else; it has no thread. No product is ever called under the lock.
// Neighbours: ManagerStart, ManagerStop and ManagerFork do the calling; ProductLedger decides; Forkable is the lock.

/// Runs products: in the order of their requirements, each failure kept to those that depend on it.
///
/// ```swift
/// let manager = try ProductManager([Telemetry(), Heartbeat()]) { line in print(line) }
/// try manager.watchProcess()
/// manager.start()
/// for status in manager.status { print(status.name, status.state.slug, status.error ?? "") }
/// manager.stop(join: true)
/// ```
///
/// Any thread may call it. A start and a stop exclude each other: the later call waits for the earlier one. A product that
/// asks for either from inside its own methods is refused with a line in the log, since it would wait for itself.
public final class ProductManager: Sendable {
    /// The products, and the turn of whoever calls them.
    let ledger: Forkable<ProductLedger>
    /// Where lines go.
    let log: @Sendable (ProductLogLine) -> Void
    /// What a child does first.
    let becomeFresh: @Sendable () -> Void

    /// A manager of these products, none of which is started yet.
    ///
    /// - Parameters:
    ///   - products: the static list; more can be registered at any time.
    ///   - log: called on the thread that the manager works on; must not call the manager's `start`, `stop` or `atExit`.
    ///   - becomeFresh: called first in a forked child: the place to take a new runtime id and whatever else must differ
    ///     from the parent's.
    /// - Throws: what `register(_:)` throws.
    public init(
        _ products: [any Product] = [], log: @escaping @Sendable (ProductLogLine) -> Void = { _ in },
        becomeFresh: @escaping @Sendable () -> Void = {}
    ) throws(ProductError) {
        var ledger = ProductLedger()
        for product in products { try ledger.register(product) }
        self.ledger = Forkable(ledger)
        self.becomeFresh = becomeFresh
        self.log = log
    }

    /// Takes one more product. It starts with the next `start()`, also when others run already.
    ///
    /// - Throws: `duplicateName`, `badName`, `limit`, or `stopped` once the manager has stopped.
    public func register(_ product: any Product) throws(ProductError) {
        try ledger.withLock { ledger throws(ProductError) in try ledger.register(product) }
    }

    /// How each product fares: those whose start was tried first, in that order, then the others as they were registered.
    public var status: [ProductStatus] { ledger.withLock { $0.statuses } }

    /// Whether this product runs.
    public func isRunning(_ name: String) -> Bool {
        ledger.withLock { $0.entries[name]?.status.state == .running }
    }

    /// The settings of all products, in the order of registration.
    public var configuration: [ConfigurationEntry] { products.flatMap(\.config) }

    /// What APM_TRACING may configure: of all products, also of those that do not run, since it may be what starts them.
    public var apmCapabilities: APMCapabilities { products.reduce(into: []) { $0.formUnion($1.apmCapabilities) } }

    /// The products in the order of registration.
    private var products: [any Product] {
        ledger.withLock { ledger in ledger.registered.compactMap { ledger.entries[$0]?.product } }
    }

    /// Those whose handlers APM_TRACING calls: all that have not failed or stopped, in the order of the start.
    package var configurable: [any Product] {
        ledger.withLock { ledger in
            ledger.statuses.filter { $0.isConfigurable }.compactMap { ledger.entries[$0.name]?.product }
        }
    }
}

extension ProductStatus {
    /// Whether APM_TRACING calls its handler.
    fileprivate var isConfigurable: Bool {
        switch state {
        case .registered, .starting, .running: true
        default: false
        }
    }
}
