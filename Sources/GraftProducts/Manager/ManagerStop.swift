// ManagerStop: the way down.
//
// Owns the calls of `stop` and `atExit`: one of them, once, for each product that runs, in the reverse order of the start.
// Neighbours: ManagerStart, ProcessWatch (which tells of the process's end).

extension ProductManager {
    /// Stops every product that runs, each before all that it requires. Waits for a start that is under way. Nothing
    /// starts any more afterwards; calling it again, or `atExit`, does nothing, and a stop that another thread carries out
    /// is not waited for.
    ///
    /// - Parameter join: whether the products shall wait until their threads have ended.
    public func stop(join: Bool = false) {
        withTurn("stop") { wind("stop") { try $0.stop(join: join) } }
    }

    /// As `stop(join:)`, because the process ends: calls `atExit` of the products, and waits for a start or stop that is
    /// under way on another thread no longer than `ProductLimits.exitWait`. `watchProcess()` has it called by itself.
    public func atExit(join: Bool = false) {
        withTurn("atExit", within: ProductLimits.exitWait) { wind("atExit") { try $0.atExit(join: join) } }
    }

    /// Ends each product that runs in one way or the other.
    private func wind(_ word: String, _ end: (any Product) throws -> Void) {
        for name in ledger.withLock({ $0.close() }) {
            guard let product = ledger.withLock({ $0.beginStop(name) }) else { continue }
            attempt(word, of: product) { try end(product) }
            ledger.withLock { $0.endStop(name) }
            say(.debug, name, word)
        }
    }
}
