// ConfigUpdates: the events of a source, for tasks.
//
// Owns the face of an asynchronous sequence. A source is made for a thread that waits for its descriptor; here that is
// a thread of our own (ConfigPump), so that no thread of Swift concurrency ever waits. Neighbours: ConfigSource.

/// The events of a configuration source as an asynchronous sequence.
///
/// ```swift
/// for await event in try ConfigUpdates(FileConfigSource(path: "/etc/graft")) {
///     if case .update(let update) = event { try await apply(update) }
/// }
/// ```
///
/// The sequence takes the source over and closes it when the sequence and its iterators are gone. A source is asked
/// only while somebody waits for an event, so nothing piles up. Several iterators divide the events between them. The
/// sequence ends for a task that is cancelled, and for all when the source has been closed.
public struct ConfigUpdates: AsyncSequence, Sendable {
    /// One event.
    public typealias Element = ConfigEvent
    /// Errors are events.
    public typealias Failure = Never

    /// Ends the pump when nobody holds the sequence any more.
    final class Handle: Sendable {
        /// What asks the source.
        let pump: ConfigPump

        /// Owns `pump`.
        init(_ pump: ConfigPump) { self.pump = pump }

        deinit { pump.end() }
    }

    /// Waits for one event after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        /// What the iterator has in common with the sequence.
        let handle: Handle

        /// The next event; nil at the end and when the task is cancelled.
        public mutating func next() async -> ConfigEvent? { await handle.pump.next() }

        /// The next event; nil at the end and when the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> ConfigEvent? {
            await handle.pump.next()
        }
    }

    private let handle: Handle

    /// The events of `source`, which belongs to the sequence from now on.
    ///
    /// - Throws: when the system has no descriptor or thread for it; the source is closed then.
    public init(_ source: any ConfigSource) throws(ConfigError) {
        do throws(SystemFailure) {
            handle = Handle(try ConfigPump.start(source))
        } catch {
            source.close()
            throw error.error("configuration cannot be waited for", path: nil)
        }
    }

    /// An iterator over the events to come.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handle: handle) }
}
