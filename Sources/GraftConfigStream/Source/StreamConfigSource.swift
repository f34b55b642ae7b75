// StreamConfigSource: settings of a stream as a source of configuration.
//
// Owns the face of a ConfigSource over a consumer: a descriptor that is readable when there is something to take, and the lock
// that lets calls exclude each other. The consumer's steps only raise the descriptor; the work is done by who polls. Neighbours:
// StreamSourceState finds what has changed, StreamPayload makes bytes of values, StreamObserver tells that there is something.

internal import Graft
public import GraftConfig
internal import Synchronization

/// The settings of a stream whose keys begin with a prefix, each as a payload of its own.
///
/// ```swift
/// let source = try StreamConfigSource(consumer)
/// for await case .update(let update) in try ConfigUpdates(source) { product.apply(update) }
/// ```
///
/// A key in lower case is the path, and the payload is the value in force as JSON: `graft.sca.targets` set to a map gives an object;
/// a text that is JSON is taken as it is, so that a payload may also come as a text; any other text is a JSON string. A text
/// that begins like an object or a list and is not JSON is a problem: what was in force under the path stays in force. A key that is
/// unset, or that a snapshot does not say any more, is a removal.
///
/// What is handed out at first is what the consumer's reader shows: after an offline start, what was kept of an earlier run. When the
/// stream is lost nothing happens, nor when the consumer ends: what was handed out stays in force. Changes that follow each
/// other faster than they are polled for are one. The source holds the settings that it has handed out in memory, and not
/// the consumer.
public final class StreamConfigSource: ConfigSource {
    /// The prefix of the keys unless another one is asked for.
    public static let usualPrefix = "graft."
    /// The most paths in force at once. Those in force stay; of new ones, the first by name are taken.
    public static let maximumPaths = 1_024

    /// What `poll` works on.
    private let state: Mutex<StreamSourceState?>
    private let bell: SourceBell
    private let store: StreamStore
    /// Nil once it is closed.
    private let observation: Mutex<StreamObservation?>

    /// A source of the settings of `consumer`, which runs or will run.
    ///
    /// - Parameters:
    ///   - consumer: where the settings come from. Several sources may share it.
    ///   - prefix: what the keys begin with, in whatever case; empty for all keys.
    /// - Throws: `system`, when there is no descriptor left.
    public convenience init(_ consumer: ConfigStreamConsumer, prefix: String = usualPrefix) throws(ConfigError) {
        try self.init(consumer.store, consumer.hub, prefix: prefix)
    }

    /// A source of what is shown through these.
    init(_ store: StreamStore, _ hub: StreamHub, prefix: String) throws(ConfigError) {
        do throws(SystemFailure) {
            bell = try SourceBell()
        } catch {
            throw ConfigError(.system, "the source has no descriptor to be waited for: \(error.call): \(error.text)")
        }
        state = Mutex(StreamSourceState(prefix: prefix, pathsMax: Self.maximumPaths))
        self.store = store
        // Rings at once, too: what is there already is to be taken.
        let ring: StreamHub.Observer = { [bell] occurrence in
            if case .configuration = occurrence { bell.ring() }
        }
        observation = Mutex(StreamObservation(ring, of: hub))
    }

    deinit { close() }

    /// Readable when there may be something to take; -1 after `close()`.
    public var descriptor: Int32 { bell.descriptor }

    /// Takes what has changed since the last call: problems and updates, in the order of the keys.
    public func poll() -> [ConfigEvent] {
        state.withLock { state in
            // Taken before the look: what comes after it rings again.
            bell.answer()
            return state?.events(upTo: store.published.current) ?? []
        }
    }

    /// Hears no more of the stream. What was handed out stays in force.
    public func close() {
        // Let go after the lock.
        _ = observation.withLock { observation in
            defer { observation = nil }
            return observation
        }
        bell.close()
        state.withLock { $0 = nil }
    }
}

/// The descriptor of a source.
private final class SourceBell: Sendable {
    /// Nil once it is closed.
    private let event: Mutex<WakeEvent?>

    /// A bell that has not rung.
    init() throws(SystemFailure) { event = Mutex(try WakeEvent()) }

    /// The descriptor; -1 once it is closed.
    var descriptor: Int32 {
        event.withLock { event in
            switch event {
            case .some(let event): event.number
            case .none: -1
            }
        }
    }

    /// Makes the descriptor readable.
    func ring() { event.withLock { $0?.signal() } }

    /// Makes it unreadable.
    func answer() { event.withLock { $0?.take() } }

    /// Closes it.
    func close() { event.withLock { $0 = nil } }
}
