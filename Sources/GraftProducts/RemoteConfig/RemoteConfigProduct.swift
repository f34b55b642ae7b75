// RemoteConfigProduct: Remote Configuration as a product, one client for each process.
//
// Owns what the products want of it, and the client of this process. Every call goes to the record of wishes first, under a
// lock held for moments, and then to the client, in a turn of its own so that both are told in one order; a fork takes the
// record only, and waits for neither a client nor a turn. Neighbours: RemoteConfigWishes is the record, RemoteConfigClient
// polls, ProductManager starts, stops and forks; RemoteConfigRegistration has what products call.

public import GraftRemoteConfig

/// The program's client of Remote Configuration, for the products of a manager, which say
/// `requires = [RemoteConfigProduct.name]`.
///
/// ```swift
/// let remote = RemoteConfigProduct(RemoteConfigSettings(address: address, service: "shop", tracerVersion: "1.0.0"))
/// let manager = try ProductManager([remote, Prices(remote)])
/// try manager.watchProcess()
/// manager.start()
/// ```
///
/// The first poll is made when the manager's `start()` has started all, so that the first request asks for every product; it
/// does not wait for a start that takes longer than a second.
///
/// A forked child has a client of its own, with identifiers of its own and with everything that was registered and enabled
/// in its parent, and callbacks are given all that is in force there again: that client holds nothing yet. What the
/// products want can be said at any time, before the start as well, on any thread, in a callback too.
public final class RemoteConfigProduct: Product {
    /// What other products require.
    public static let name = "remote-configuration"

    /// All that changes.
    struct Storage: Sendable {
        /// What is wanted.
        var wishes: RemoteConfigWishes
        /// The client of this process, while it runs.
        var client: RemoteConfigClient?
    }

    /// What other products require.
    public let name: String = RemoteConfigProduct.name
    /// Whom to ask, and how.
    private let settings: RemoteConfigSettings
    /// Makes the identifier of a process.
    private let makeRuntimeID: @Sendable () -> String
    /// Makes what carries a client's questions.
    private let makeTransport: @Sendable (RemoteConfigSettings) -> any RemoteConfigTransport & Sendable
    /// What is called on the thread that polls.
    private let hooks: RemoteConfigHooks
    /// Whether nothing depends on it; see RemoteRehearsal.
    private let isRehearsal: Bool
    /// The wishes and the client.
    let storage: Forkable<Storage>

    /// A client that has not begun.
    ///
    /// - Parameters:
    ///   - settings: whom to ask, how often, and in whose name.
    ///   - runtimeID: the identifier of this process, asked for once at the start and once in each forked child, after the
    ///     manager's `becomeFresh`: where other parts of the program have one, theirs. A new UUID otherwise.
    ///   - transport: makes what carries the questions, once in each process. HTTP to the agent otherwise.
    ///   - hooks: called on the thread that polls: `onStart` is the place to exempt it from instrumentation, `afterPoll` has
    ///     the lines for a log.
    public init(
        _ settings: RemoteConfigSettings, runtimeID: (@Sendable () -> String)? = nil,
        transport: @escaping @Sendable (RemoteConfigSettings) -> any RemoteConfigTransport & Sendable = agentTransport,
        hooks: RemoteConfigHooks = RemoteConfigHooks()
    ) {
        self.settings = settings
        makeRuntimeID = runtimeID ?? Identifier.random
        makeTransport = transport
        self.hooks = hooks
        isRehearsal = false
        storage = Forkable(Storage(wishes: RemoteConfigWishes(tracer: settings.tracer)))
    }

    /// One whose polls are of no consequence.
    init(
        rehearsal settings: RemoteConfigSettings,
        transport: @escaping @Sendable (RemoteConfigSettings) -> any RemoteConfigTransport & Sendable
    ) {
        self.settings = settings
        makeRuntimeID = Identifier.random
        makeTransport = transport
        hooks = RemoteConfigHooks()
        isRehearsal = true
        storage = Forkable(Storage(wishes: RemoteConfigWishes(tracer: settings.tracer)))
    }

    /// HTTP to the agent.
    public static let agentTransport: @Sendable (RemoteConfigSettings) -> any RemoteConfigTransport & Sendable = {
        AgentTransport(address: $0.address, environment: $0.variables, timeout: $0.timeout)
    }

    /// Makes a client and starts its thread; nothing when there is one, or nothing is to be asked.
    ///
    /// - Throws: `ConfigError` when the system refuses a thread.
    public func start() throws {
        guard settings.isEnabled else { return }
        if !isRehearsal {
            let isRehearsed = RemoteRehearsal.isDone
            assert(isRehearsed, "a poll of no consequence")
        }
        let (runtimeID, transport) = (makeRuntimeID(), makeTransport(settings))
        try inTurn {
            let (wishes, isNeeded) = storage.withLock { ($0.wishes, $0.client == nil) }
            guard isNeeded else { return }
            let client = RemoteConfigClient(
                settings, tracer: wishes.tracer, runtimeID: runtimeID, transport: transport, hooks: hooks)
            wishes.tell(client.poller)
            try client.thread.start()
            storage.withLock { $0.client = client }
        }
    }

    /// Makes a new client in the place of the one there was: in a child, where that is its parent's, nothing is waited for.
    public func restart(join: Bool) throws {
        stop(join: join)
        try start()
    }

    /// Ends the client: what it is doing is broken off. With `join`, waits for a callback that is running.
    public func stop(join: Bool) {
        let client = inTurn {
            storage.withLock { storage in
                defer { storage.client = nil }
                return storage.client
            }
        }
        client?.stop()
        if join { client?.thread.join() }
    }

    /// As `stop`.
    public func atExit(join: Bool) { stop(join: join) }

    /// The first poll need not wait any more.
    public func postPreload() { client?.letPoll() }

    /// The client of this process.
    var client: RemoteConfigClient? { storage.withLock { $0.client } }

    /// Does something as the only one that changes what is wanted. What is changed from inside of it, by a closure of the
    /// program's, is done at once.
    func inTurn<Result>(_ body: () throws -> Result) rethrows -> Result {
        let turn = storage.turn
        guard case .taken = turn.take(within: nil) else { return try body() }
        defer { turn.giveBack() }
        return try body()
    }
}

extension RemoteConfigProduct: CompanionProduct {
    /// Copies what is wanted. The parent's client is left where it is: its locks may be held for ever.
    func prepareForFork() -> any ForkPreparation {
        let child = storage.withLock { Storage(wishes: $0.wishes) }
        return CorePreparation(storage: storage, core: Forkable.Core(child))
    }

    /// The first poll need not wait any more.
    func allHaveStarted() { client?.letPoll() }
}
