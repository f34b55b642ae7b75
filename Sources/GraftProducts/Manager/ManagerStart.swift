// ManagerStart: the way up.
//
// Owns the calls of `start` and `postPreload`, and how a call is made at all: with the turn, without the lock, and with
// whatever is thrown turned into text. Neighbours: ManagerStop uses the same ways; ProductLedger says what is to be done.

extension ProductManager {
    /// Starts every product that has not been started, each after all that it requires. What has been started is left
    /// alone, so that calling it again starts just what was registered meanwhile. Returns when all starts have returned; at
    /// once when the products are being stopped.
    ///
    /// - Returns: how each product fares.
    @discardableResult
    public func start() -> [ProductStatus] {
        withTurn("start") {
            let order = ledger.withLock { $0.plan() }
            for name in order { start(name) }
            for status in status where status.isHeldBack { say(.error, status.name, status.error ?? "") }
        }
        tellCompanions()
        return status
    }

    /// Calls `postPreload` of every product that runs, once in its life, in the order of the start. What one throws is in
    /// its status and harms nobody, itself included.
    public func postPreload() {
        withTurn("postPreload") {
            for product in ledger.withLock({ $0.running }) {
                guard ledger.withLock({ $0.beginPostPreload(product.name) }) != nil else { continue }
                attempt("postPreload", of: product) { try product.postPreload() }
            }
        }
    }

    /// Starts one product, unless a requirement of it does not run.
    private func start(_ name: String) {
        guard let product = ledger.withLock({ $0.beginStart(name) }) else { return }
        launch(name, "start") { try product.start() }
    }

    /// Calls `start` or `restart`, measures it and enters what became of it.
    func launch(_ name: String, _ word: String, _ body: () throws -> Void) {
        let clock = SuspendingClock()
        let beginning = clock.now
        let failure = Self.failure(of: body)
        let duration = clock.now - beginning
        ledger.withLock { $0.endStart(name, failure, after: duration) }
        if let failure {
            say(.error, name, "\(word) failed: \(failure)")
        } else {
            say(.debug, name, "\(word): \(duration / .milliseconds(1)) ms")
        }
    }

    /// Calls a method whose failure changes no state.
    func attempt(_ word: String, of product: any Product, _ body: () throws -> Void) {
        guard let failure = Self.failure(of: body) else { return }
        ledger.withLock { $0.note("\(word) failed: \(failure)", of: product.name) }
        say(.warning, product.name, "\(word) failed: \(failure)")
    }

    /// Tells those that run and wait for it that the others have started.
    func tellCompanions() {
        let waiting = ledger.withLock { ledger in
            ledger.companions.filter { ledger.entries[$0.name]?.status.state == .running }
        }
        for companion in waiting { companion.allHaveStarted() }
    }

    /// Does something as the only thread that calls products.
    func withTurn(_ word: String, within limit: Duration? = nil, _ body: () -> Void) {
        // The turn that was taken is given back even if a product has forked and this is the child.
        let turn = ledger.turn
        switch limit.map(turn.take(within:)) ?? take(turn) {
        case .taken:
            body()
            turn.giveBack()
        case .isCallers: say(.error, nil, "\(word) was asked for by a product that is being called")
        case .tooLate where limit == nil: say(.debug, nil, "\(word) was not needed: the products are being stopped")
        case .tooLate: say(.error, nil, "\(word) was given up: a product has been busy for too long")
        }
    }

    /// Waits for the turn, but not for a stop that another thread carries out: that thread may be waiting for this one, if a
    /// callback runs on it. Then there is nothing left to do.
    private func take(_ turn: Turn) -> Turn.Answer {
        while true {
            let answer = turn.take(within: ProductLimits.turnLook)
            guard case .tooLate = answer, !ledger.withLock({ $0.isStopped }) else { return answer }
        }
    }

    /// What a call throws, as bounded text; nil when it throws nothing.
    static func failure(of body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return ProductLimits.bounded("\(error)")
        }
    }

    /// Writes a line.
    func say(_ level: ProductLogLine.Level, _ product: String?, _ message: String) {
        log(ProductLogLine(level, product, message))
    }
}

extension ProductStatus {
    /// Whether it was not started because of what it requires.
    fileprivate var isHeldBack: Bool {
        switch state {
        case .cyclic, .unknownRequirement, .failedRequirement: true
        default: false
        }
    }
}
