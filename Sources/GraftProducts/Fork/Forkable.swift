// Forkable: state that a forked child can replace whole.
//
// Owns the pointer to a core: a lock with the state behind it, and the turn of those who call products. A child never
// touches the parent's core, whose lock or turn another thread of the parent may have held at the fork; its own one is
// made in the parent, so that the child only stores a pointer. Neighbours: ProductManager and APMTracing hold one each.

internal import GraftConfig
internal import Synchronization

/// State, its lock and its turn.
final class Forkable<State: Sendable>: Sendable {
    /// What a fork replaces.
    final class Core: Sendable {
        /// The state.
        let state: Guarded<State>
        /// Who may call products.
        let turn = Turn()

        init(_ state: State) { self.state = Guarded(state) }
    }

    /// The core, retained. Written in a child only, before its second thread can see it.
    private let current: Atomic<Unmanaged<Core>>

    /// Holds a state.
    init(_ state: State) { current = Atomic(Unmanaged.passRetained(Core(state))) }

    deinit { current.load(ordering: .relaxed).release() }

    /// The core of this process. Pairs with the release in `become`.
    private var core: Core { current.load(ordering: .acquiring).takeUnretainedValue() }

    /// The turn of this process.
    var turn: Turn { core.turn }

    /// Calls `body` with the state; other threads wait meanwhile.
    func withLock<Result, Failure: Error>(_ body: (inout State) throws(Failure) -> Result) throws(Failure) -> Result {
        try core.state.withLock(body)
    }

    /// Goes on with another core, in a child. The old one stays: its lock may be held for ever.
    func become(_ core: Core) { current.store(Unmanaged.passRetained(core), ordering: .releasing) }
}

/// What is prepared for one fork where all that a child needs is another core.
struct CorePreparation<State: Sendable>: ForkPreparation {
    /// Whose.
    let storage: Forkable<State>
    /// What the child begins with.
    let core: Forkable<State>.Core

    func inParent() {}
    func inChild() { storage.become(core) }
}
