// ConfigStreamConsumer: a core agent's configuration, kept up to date.
//
// Owns the public surface, and the lock under which events are decided on and applied. It opens nothing: that is
// ConsumerRun's. Neighbours: StreamMachine decides, TableWriter applies, StreamStore and StreamHub show.

internal import Graft
internal import Synchronization

/// Keeps a core agent's configuration up to date, from its ordered stream.
///
/// ```swift
/// let consumer = try ConfigStreamConsumer(StreamSettings(clientName: "my-agent"), transport: transport)
/// let running = Task { try await consumer.run() }
/// try await consumer.waitReady(timeout: .seconds(30))
/// let port = consumer.reader.getInt("my_agent.port")
/// ```
///
/// Every method may be called from any thread and any task. What was received stays readable whatever happens to the connection, and
/// after the end.
public final class ConfigStreamConsumer: Sendable {
    /// What the lock protects.
    struct Storage {
        var machine: StreamMachine
        let writer: TableWriter
        /// What the core agent has said; what readers see is in the generation.
        var said: StreamTable
        var generation: Generation
        /// Since when the configuration is not known to be fresh; nil while it is, and while there is none.
        var staleSince: WallTime?
        /// Whether there is a configuration, of this run or an earlier one.
        var hasConfiguration = false
        /// What was last shown of the state.
        var status: StreamStatus
        /// Why the last configuration could not be loaded or saved.
        var cacheFailure: StreamError?
        /// Whether a task releases what was replaced, or is about to.
        var isReclaiming = false
        /// When `run()` began.
        var begun: ContinuousClock.Instant?
    }

    /// What it was told.
    public let settings: StreamSettings
    /// The configuration. The same reader may be kept for ever.
    public let reader: StreamReader
    let transport: any StreamTransport
    let store: StreamStore
    let hub: StreamHub
    let states = StateHub()
    let storage: Mutex<Storage>
    /// What ConsumerRun is to do.
    let commands = CommandQueue()
    /// Rings when there is something to save.
    let bell = CacheBell()

    /// A consumer that has not begun: call `run()`. With a cache, the reader shows what was kept, at once.
    ///
    /// - Throws: `StreamError`, of code `setting` for a setting that cannot be used, of code `cache` for a cache that cannot be
    ///   used, if `unusableCache` wants so, and of code `resources`.
    public init(_ settings: StreamSettings, transport: any StreamTransport) throws(StreamError) {
        try settings.check()
        self.settings = settings
        self.transport = transport
        let writer = TableWriter(profile: settings.profile, overrides: settings.overrides)
        let (cached, cacheFailure) = try Self.load(settings)
        let said = cached.map { writer.snapshot($0.settings, after: .empty).table } ?? .empty
        let first = cached.map { cached in
            Generation(
                table: writer.shown(said),
                position: StreamPosition(epoch: 0, sequence: cached.sequence), origin: cached.origin)
        }
        let status = StreamStatus(
            state: cached.map { .stale(since: $0.savedAt) } ?? .disconnected, failure: nil,
            position: (first ?? .none).position)
        do throws(GraftError) {
            var isFixed = false
            if case .fixed = settings.session { isFixed = true }
            var machine = StreamMachine(
                profile: settings.profile, healthyAfter: settings.healthyAfter, sessionIsFixed: isFixed,
                order: try StreamOrder(settings.profile))
            if cacheFailure != nil { machine.counters.cacheFailures = 1 }
            store = try StreamStore(first ?? .none)
            storage = Mutex(
                Storage(
                    machine: machine, writer: writer, said: said, generation: first ?? .none,
                    staleSince: cached?.savedAt,
                    hasConfiguration: first != nil, status: status, cacheFailure: cacheFailure))
        } catch {
            throw StreamError(.resources, "the core refused: \(error)")
        }
        hub = StreamHub(first ?? .none, status.state)
        reader = StreamReader(store)
        states.set(status.state)
    }

    /// What was kept, or why it cannot be used, as the settings want it.
    private static func load(
        _ settings: StreamSettings
    ) throws(StreamError) -> (CachedConfiguration?, StreamError?) {
        do throws(StreamError) {
            return (try settings.cache?.load(), nil)
        } catch {
            guard settings.unusableCache == .startWithout else { throw error }
            return (nil, error)
        }
    }

    /// How far it has come.
    public var state: StreamState { states.state }

    /// The present state and those that follow it. Who is more than 64 states behind misses the oldest. Ends with the consumer.
    public func stateChanges() -> AsyncStream<StreamState> { states.follow() }

    /// What it has seen, in numbers.
    public var counters: StreamCounters { storage.withLock { $0.machine.counters } }

    /// The last thing that went wrong; nil since the last snapshot.
    public var lastFailure: StreamFailure? { storage.withLock { $0.machine.failure } }

    /// Why the last configuration could not be loaded or, later, saved; nil when it could. It stops nothing.
    public var cacheFailure: StreamError? { storage.withLock { $0.cacheFailure } }

    /// The session's id; nil while there is none.
    public var sessionID: String? {
        storage.withLock { if case .active(let id) = $0.machine.session { id } else { nil } }
    }

    /// Waits for the first snapshot. At once when there was one, also while the connection is lost.
    ///
    /// - Parameters:
    ///   - timeout: how long.
    ///   - acceptingStale: whether the configuration of an earlier run, from the cache, will do as well: then at once when there is one.
    /// - Throws: `StreamError`: `notReady` after `timeout`, with what has gone wrong last, `ended` when the consumer has ended;
    ///   `CancellationError`.
    public func waitReady(timeout: Duration, acceptingStale: Bool = false) async throws {
        let isReady = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await self.store.wait { generation, isReady in
                    isReady || acceptingStale && generation !== Generation.none
                }
                return true
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        if isReady { return }
        let reason = lastFailure.map { ": the last failure was \($0)" } ?? ""
        throw StreamError(.notReady, "timed out waiting for config snapshot after \(timeout) (\(state))\(reason)")
    }

    /// The changes of the keys that are wanted, from now on, or first everything that is in force.
    public func changes(_ selection: StreamSelection = .all, fromTheBeginning: Bool = false) -> StreamChanges {
        let subscriber = Subscriber(selection, capacity: settings.subscriberCapacity)
        return StreamChanges(
            subscription: StreamChanges.Subscription(subscriber, to: hub, fromTheBeginning: fromTheBeginning))
    }

    /// How many subscriptions there are.
    public var subscriberCount: Int { hub.count }

    /// Ends it: `run()` returns soon. Safe to call twice, and before `run()`.
    public func stop() {
        step { $0.machine.stop() }
        commands.finish()
        store.end(StreamError(.ended, "the consumer has ended"))
        hub.end()
        states.end()
    }
}
