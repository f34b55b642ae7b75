// ProductLedger: what the manager knows of its products, and every step from state to state.
//
// Owns the state machine, one function for each edge; it has no effects and calls no product. A copy of it is what a
// forked child begins with. Neighbours: ProductOrder sorts, ProductManager holds it under its lock and does the calling.

/// The products of a manager and where each is in its life.
struct ProductLedger: Sendable {
    /// One product.
    struct Entry: Sendable {
        /// The product.
        var product: any Product
        /// How it fares.
        var status: ProductStatus
        /// The product once more, if it is told more than others.
        var companion: (any CompanionProduct)?
        /// Whether `postPreload` has been called.
        var isComplete = false
    }

    /// By name.
    private(set) var entries: [String: Entry] = [:]
    /// The names in the order of registration.
    private(set) var registered: [String] = []
    /// Those whose start has been tried, in that order; what stops, stops in the reverse of it.
    private(set) var started: [String] = []
    /// Whether it is over: nothing starts any more.
    private(set) var isStopped = false

    /// How each product fares: those that were started first, in that order, then the others as registered.
    var statuses: [ProductStatus] {
        let rest = registered.filter { !started.contains($0) }
        return (started + rest).compactMap { entries[$0]?.status }
    }

    /// Those that run, in the order of their start.
    var running: [any Product] {
        started.compactMap { entries[$0] }.filter { $0.status.state == .running }.map(\.product)
    }

    /// Those that are told more than others, in the order of registration, whether they run or not.
    var companions: [any CompanionProduct] { registered.compactMap { entries[$0]?.companion } }

    /// Takes one more product.
    mutating func register(_ product: any Product) throws(ProductError) {
        let name = product.name
        let size = name.utf8.count
        guard !isStopped else { throw ProductError(.stopped, "\(name): the products have stopped") }
        guard (1...ProductLimits.nameBytes).contains(size) else {
            throw ProductError(.badName, "a name has 1 to \(ProductLimits.nameBytes) bytes, not \(size)")
        }
        guard entries[name] == nil else { throw ProductError(.duplicateName, "\(name) is registered already") }
        guard entries.count < ProductLimits.products else {
            throw ProductError(.limit, "\(name): there are \(ProductLimits.products) products already")
        }
        registered.append(name)
        entries[name] = Entry(
            product: product, status: ProductStatus(name: name, requires: product.requires),
            companion: product as? any CompanionProduct)
    }

    /// Sorts anew, marks those that cannot start, and says in which order the others are to be started.
    mutating func plan() -> [String] {
        guard !isStopped else { return [] }
        let nodes = registered.compactMap { entries[$0]?.status }.map {
            ProductOrder.Node($0.name, requires: $0.requires)
        }
        let order = ProductOrder(nodes)
        let waiting = registered.filter { entries[$0]?.status.isWaiting == true }
        for name in waiting { entries[name]?.status.state = order.refused[name] ?? .registered }
        return order.names.filter { entries[$0]?.status.state == .registered }
    }

    /// Begins a start, or refuses it because of a requirement; nil when it is not to be started.
    mutating func beginStart(_ name: String) -> (any Product)? {
        guard !isStopped, let entry = entries[name], entry.status.state == .registered else { return nil }
        return begin(entry)
    }

    /// Begins to start a product anew in a child, if it ran in the parent.
    mutating func beginRestart(_ name: String) -> (any Product)? {
        guard !isStopped, let entry = entries[name], entry.status.state == .running else { return nil }
        return begin(entry)
    }

    /// The common half: requirements must run.
    private mutating func begin(_ entry: Entry) -> (any Product)? {
        let name = entry.status.name
        if let missing = entry.status.requires.first(where: { entries[$0]?.status.state != .running }) {
            entries[name]?.status.state = .failedRequirement(missing)
            return nil
        }
        if !started.contains(name) { started.append(name) }
        entries[name]?.status.state = .starting
        return entry.product
    }

    /// Ends a start: it runs, or has failed with a message.
    mutating func endStart(_ name: String, _ failure: String?, after duration: Duration) {
        entries[name]?.status.startDuration = duration
        entries[name]?.status.state = failure.map(ProductStatus.State.failed) ?? .running
    }

    /// Begins to complete a product's start; nil when that has been done or it does not run.
    mutating func beginPostPreload(_ name: String) -> (any Product)? {
        guard let entry = entries[name], entry.status.state == .running, !entry.isComplete else { return nil }
        entries[name]?.isComplete = true
        return entry.product
    }

    /// Remembers what a product threw where that changes no state.
    mutating func note(_ failure: String, of name: String) { entries[name]?.status.lastError = failure }

    /// From now on nothing starts; says who is to be stopped, in that order.
    mutating func close() -> [String] {
        isStopped = true
        return started.reversed()
    }

    /// Begins a stop; nil when it does not run.
    mutating func beginStop(_ name: String) -> (any Product)? {
        guard let entry = entries[name], entry.status.state == .running else { return nil }
        entries[name]?.status.state = .stopping
        return entry.product
    }

    /// Ends a stop.
    mutating func endStop(_ name: String) { entries[name]?.status.state = .stopped }

    /// What a child begins with: threads that were starting or stopping a product do not exist there.
    func inChild() -> ProductLedger {
        var child = self
        for (name, entry) in entries {
            switch entry.status.state {
            case .starting: child.entries[name]?.status.state = .failed("the process forked while it was starting")
            case .stopping: child.entries[name]?.status.state = .stopped
            default: break
            }
        }
        return child
    }
}

extension ProductStatus {
    /// Whether the next start is to look at it.
    fileprivate var isWaiting: Bool {
        switch state {
        case .registered, .cyclic, .unknownRequirement, .failedRequirement: true
        default: false
        }
    }
}
