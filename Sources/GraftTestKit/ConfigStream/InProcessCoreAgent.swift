// InProcessCoreAgent: a core agent inside the process of a test.
//
// Owns sessions, settings in layers, the number of the last change and the streams that are open, with a real one's rules: the
// snapshot first, then each change with the next number. It has no network, no TLS and no buffers of its own: faults are asked
// for. Every change has reached the streams' queues when the call returns. Neighbours: CoreAgentStreams, GraftConfigStream's
// StreamTransport is the role that it plays.

public import GraftConfigStream
internal import Synchronization

/// A core agent for tests, to be handed to a `ConfigStreamConsumer` as its transport. Any thread, any task.
///
/// ```swift
/// let agent = InProcessCoreAgent()
/// agent.set("log_level", .string("debug"), source: .file)
/// let consumer = try ConfigStreamConsumer(StreamSettings(clientName: "test"), transport: agent)
/// let running = Task { try await consumer.run() }
/// try await consumer.waitReady(timeout: .seconds(10))
/// let number = agent.set("log_level", .string("info"), source: .cli)
/// #expect(try await consumer.reader.atLeast(sequence: number).getString("log_level") == "info")
/// ```
public final class InProcessCoreAgent: StreamTransport {
    /// What the lock protects.
    struct Storage {
        /// The sessions that are registered.
        var sessions: Set<String> = []
        /// What is set: by key, then by source.
        var layers: [String: [StreamSource: StreamValue]] = [:]
        /// The number of the last change.
        var sequence: Int32
        /// The streams that are open, by number.
        var streams: [Int: AsyncThrowingStream<StreamMessage, any Error>.Continuation] = [:]
        /// How many changes are to be lost.
        var lost = 0
        /// What answers the next registrations, refreshes and openings of a stream, instead of the usual; nil is the usual.
        var registrationAnswers: [StreamFailure?] = []
        var refreshAnswers: [StreamFailure?] = []
        var openingAnswers: [StreamFailure?] = []
        /// Whether a new stream says its snapshot by itself.
        var saysSnapshots = true
        var counts = Counts()
        /// Those who wait for something, looked at after each change.
        var waiters: [(condition: @Sendable (Counts) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    /// What has happened so far.
    public struct Counts: Sendable, Hashable {
        /// Registrations that were answered with a session.
        public var registrations = 0
        /// Refreshes that were answered, in whatever way.
        public var refreshes = 0
        /// Streams that were opened.
        public var streamsOpened = 0
        /// Streams that are open.
        public var streamsOpen = 0
        /// Connections that are open.
        public var connections = 0
    }

    /// What it says its configuration comes from.
    public let origin: String
    /// What it asks for in the answer to a registration, in seconds.
    public let refreshIntervalSeconds: UInt32
    /// The address, for messages.
    public let address = "in-process"
    private let storage: Mutex<Storage>

    /// An agent without settings.
    ///
    /// - Parameters:
    ///   - origin: what it says its configuration comes from.
    ///   - sequence: the number before its first change.
    ///   - refreshIntervalSeconds: how often sessions are to be refreshed; 0 leaves it to the client.
    public init(origin: String = "core-agent", sequence: Int32 = 0, refreshIntervalSeconds: UInt32 = 10) {
        self.origin = origin
        self.refreshIntervalSeconds = refreshIntervalSeconds
        storage = Mutex(Storage(sequence: sequence))
    }

    /// What has happened so far.
    public var counts: Counts { storage.withLock { $0.counts } }

    /// The number of the last change.
    public var sequence: Int32 { storage.withLock { $0.sequence } }

    /// Waits until what has happened satisfies a condition.
    public func wait(until condition: @escaping @Sendable (Counts) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isDue = storage.withLock { storage in
                if condition(storage.counts) { return true }
                storage.waiters.append((condition, continuation))
                return false
            }
            if isDue { continuation.resume() }
        }
    }

    /// Changes something and wakes those who waited for it.
    func change<Result>(_ body: (inout Storage) -> sending Result) -> Result {
        let (result, woken) = storage.withLock { storage -> (Result, [CheckedContinuation<Void, Never>]) in
            let result = body(&storage)
            storage.counts.streamsOpen = storage.streams.count
            let due = storage.waiters.filter { $0.condition(storage.counts) }.map(\.continuation)
            storage.waiters.removeAll { $0.condition(storage.counts) }
            return (result, due)
        }
        for continuation in woken { continuation.resume() }
        return result
    }
}

extension InProcessCoreAgent {
    /// Sets a value of one source and tells the streams. Returns the change's number.
    @discardableResult
    public func set(_ key: String, _ value: StreamValue, source: StreamSource = .file) -> Int32 {
        change { storage in
            storage.layers[key, default: [:]][source] = value
            return storage.tell(StreamSetting(key: key, source: source.name, value: value), origin: origin)
        }
    }

    /// Removes a value of one source and tells the streams what is in force instead. Returns the change's number.
    @discardableResult
    public func unset(_ key: String, source: StreamSource) -> Int32 {
        change { storage in
            storage.layers[key]?[source] = nil
            let winner = storage.layers[key]?.max { $0.key.rank < $1.key.rank }
            if winner == nil { storage.layers[key] = nil }
            let setting = StreamSetting(
                key: key, source: winner?.key.name ?? "", value: winner?.value, unsetSource: source.name)
            return storage.tell(setting, origin: origin)
        }
    }

    /// The next changes are lost on the way: they have numbers and are never sent.
    public func loseChanges(_ count: Int) { change { $0.lost += count } }

    /// Says a snapshot of what is set on every stream.
    public func sendSnapshot() { change { $0.send(.snapshot($0.snapshot(origin))) } }

    /// Says something on every stream, whatever it is.
    public func send(_ event: StreamEvent) { change { $0.send(event) } }

    /// Ends every stream: in good order, or with a failure.
    public func endStreams(_ failure: StreamFailure? = nil) {
        change { storage in
            for stream in storage.streams.values { stream.finish(throwing: failure) }
            storage.streams = [:]
        }
    }

    /// Forgets every session: streams go on, and new ones are refused.
    public func forgetSessions() { change { $0.sessions = [] } }

    /// Dies and comes back: streams break, sessions and settings are forgotten, numbers begin anew.
    public func restart(sequence: Int32 = 0) {
        endStreams(StreamFailure(.unavailable, "the core agent has gone"))
        change { storage in
            storage.sessions = []
            storage.layers = [:]
            storage.sequence = sequence
        }
    }

    /// Answers the next registrations so; nil is the usual answer.
    public func answerRegistrations(_ answers: [StreamFailure?]) { change { $0.registrationAnswers += answers } }

    /// Answers the next refreshes so; nil is the usual answer.
    public func answerRefreshes(_ answers: [StreamFailure?]) { change { $0.refreshAnswers += answers } }

    /// Answers the next requests for a stream so; nil is the usual answer.
    public func answerOpenings(_ answers: [StreamFailure?]) { change { $0.openingAnswers += answers } }

    /// Whether a new stream says its snapshot by itself, as a core agent's does. Without it, a test says it with `send`.
    public func saySnapshots(_ isOn: Bool) { change { $0.saysSnapshots = isOn } }
}

extension InProcessCoreAgent.Storage {
    /// What is set, as a snapshot: the value in force of each key.
    func snapshot(_ origin: String) -> StreamSnapshot {
        let settings = layers.compactMap { key, sources in
            sources.max { $0.key.rank < $1.key.rank }.map {
                StreamSetting(key: key, source: $0.key.name, value: $0.value)
            }
        }
        return StreamSnapshot(origin: origin, sequence: sequence, settings: settings)
    }

    /// Gives a change the next number and says it, unless it is to be lost.
    mutating func tell(_ setting: StreamSetting, origin: String) -> Int32 {
        sequence &+= 1
        if lost > 0 {
            lost -= 1
        } else {
            send(.update(StreamUpdate(origin: origin, sequence: sequence, setting: setting)))
        }
        return sequence
    }

    /// Says something on every stream.
    func send(_ event: StreamEvent) {
        for stream in streams.values { stream.yield(StreamMessage(event)) }
    }
}
