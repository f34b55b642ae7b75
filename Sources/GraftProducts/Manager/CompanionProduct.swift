// CompanionProduct: what products of this module are told besides.
//
// Owns the role only. Neighbours: ProductManager plays it towards RemoteConfigProduct and APMTracingProduct.

/// A product that has state to carry over a fork whether it runs or not, and that waits for the others to have started.
protocol CompanionProduct: AnyObject, Product {
    /// As a ProcessWatcher's: in the parent, on the thread that forks; must not wait.
    func prepareForFork() -> any ForkPreparation
    /// A start, or a restart in a child, of all products is over, and this one runs. The manager's turn is free.
    func allHaveStarted()
}
