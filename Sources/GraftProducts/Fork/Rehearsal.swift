// Rehearsal: what a child of a fork will do, done once in the parent.
//
// The Swift runtime makes the description of a generic type when it is first used, under a lock of its own; a child whose
// parent held that lock on another thread would wait for ever. What exists already is found without a lock. So the way
// that a child takes through this module is gone once before, with a manager and products of no consequence. Neighbours:
// ManagerFork has it done, ProcessWatch walks the way.

/// A product of no consequence, which may fail to restart.
private struct RehearsalProduct: Product {
    let name: String
    let requires: [String]
    let breaks: Bool

    func start() {}
    func restart(join: Bool) throws { if breaks { throw ProductError(.system, "a rehearsal") } }
    func stop(join: Bool) {}
    func atExit(join: Bool) {}
    func postPreload() {}
}

/// The way of a child.
enum Rehearsal {
    /// Goes it once in the life of the process.
    static let isDone: Bool = {
        let products = [
            RehearsalProduct(name: "a", requires: [], breaks: false),
            RehearsalProduct(name: "b", requires: ["a"], breaks: true),
            RehearsalProduct(name: "c", requires: ["b"], breaks: false),
        ]
        guard let manager = try? ProductManager(products) else { return false }
        manager.start()
        ProcessWatch.rehearse(manager)
        manager.start()
        manager.postPreload()
        _ = manager.status.map(\.error)
        manager.stop()
        return true
    }()
}
