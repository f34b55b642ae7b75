// ManagerFork: products and fork.
//
// Owns the calls of `beforeFork`, `afterForkInParent` and `restart`. Nothing here waits: what the child will need is
// copied before the fork, under a lock that is held for the length of a copy; a start or stop that is under way on
// another thread is not waited for. Neighbours: ProcessWatch calls it, ProductLedger says what a child begins with.

extension ProductManager {
    /// Has the products told of every fork, and of the end of the process. The manager then lives as long as the process.
    /// To be called once, before or after `start()`; a library that the products use and that watches forks as well
    /// should be started first: of several that watch, a child hears the one first that began first.
    ///
    /// In the child of a fork, first `becomeFresh` is called, then `restart(join:)` of each product that ran, in the order
    /// of the start, on a thread that the child makes for it; the program's `fork` returns after that.
    ///
    /// - Throws: `system` when there is no memory for it.
    public func watchProcess() throws(ProductError) {
        let isRehearsed = Rehearsal.isDone
        assert(isRehearsed, "its names are good")
        try ProcessWatch.add(self)
    }
}

extension ProductManager: ProcessWatcher {
    /// Calls `beforeFork` of all that run, in the order of the start.
    func prepareForFork() -> any ForkPreparation {
        let (running, companions, inChild) = ledger.withLock { ($0.running, $0.companions, $0.inChild()) }
        var slow: [ProductLogLine] = []
        let clock = SuspendingClock()
        for product in running {
            let beginning = clock.now
            product.beforeFork()
            let duration = clock.now - beginning
            guard duration > ProductLimits.forkPart else { continue }
            slow.append(ProductLogLine(.warning, product.name, "beforeFork: \(duration / .milliseconds(1)) ms"))
        }
        return ManagerForkPreparation(
            manager: self, running: running, companions: companions.map { $0.prepareForFork() },
            core: Forkable.Core(inChild), lines: slow)
    }

    /// Calls `atExit`, without joining: the threads end with the process.
    func processEnds() { atExit(join: false) }

    /// Makes the child's products run.
    fileprivate func restart(_ running: [any Product]) {
        becomeFresh()
        withTurn("restart") {
            for product in running {
                let name = product.name
                if ledger.withLock({ $0.beginRestart(name) }) != nil {
                    launch(name, "restart") { try product.restart(join: false) }
                } else if let error = ledger.withLock({ $0.entries[name]?.status.error }) {
                    say(.error, name, error)
                }
            }
        }
        tellCompanions()
    }
}

/// What a manager prepares for one fork.
private struct ManagerForkPreparation: ForkPreparation {
    /// The manager.
    let manager: ProductManager
    /// What ran, in the order of the start.
    let running: [any Product]
    /// What products have prepared themselves.
    let companions: [any ForkPreparation]
    /// What the child begins with.
    let core: Forkable<ProductLedger>.Core
    /// What is to be said when the fork is over.
    let lines: [ProductLogLine]

    func inParent() {
        for preparation in companions { preparation.inParent() }
        for product in running { product.afterForkInParent() }
        lines.forEach(manager.log)
    }

    func inChild() {
        manager.ledger.become(core)
        for preparation in companions { preparation.inChild() }
        guard !running.isEmpty else { return manager.becomeFresh() }
        let (manager, running) = (manager, running)
        FreshThread.run { manager.restart(running) }
    }
}
