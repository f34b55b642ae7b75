// StreamChanges: the changes, as an asynchronous sequence.
//
// Owns the subscription's life: it begins when the sequence is made, so that nothing between that and the first `next()` is lost, and
// ends with `cancel()`, or when nobody holds the sequence or its iterators any more. Neighbours: Subscriber, StreamHub.

internal import Synchronization

/// The changes of the configuration, for one listener.
///
/// ```swift
/// for await notice in consumer.changes(.prefix("apm_config.")) {
///     for change in notice.changes { print(change.key, change.old as Any, "->", change.new as Any) }
/// }
/// ```
///
/// Nothing is lost: a listener that takes its time is told, once, what the changes that it has not taken come to
/// (`StreamNotice.lagged`). The sequence ends when the consumer has ended or `cancel()` was called, and for a task that is cancelled.
/// Several iterators divide the notices between them.
public struct StreamChanges: AsyncSequence, Sendable {
    /// One notice.
    public typealias Element = StreamNotice
    /// It does not fail: what goes wrong is the consumer's state.
    public typealias Failure = Never

    /// Ends the subscription when nobody holds it any more.
    final class Subscription: Sendable {
        let subscriber: Subscriber
        private let hub: StreamHub
        private let id: UInt64

        /// Subscribes.
        init(_ subscriber: Subscriber, to hub: StreamHub, fromTheBeginning: Bool) {
            self.subscriber = subscriber
            self.hub = hub
            id = hub.add(subscriber, fromTheBeginning: fromTheBeginning)
        }

        deinit { hub.remove(id) }

        /// Ends it. Safe to call twice.
        func cancel() {
            hub.remove(id)
            subscriber.end()
        }
    }

    /// Takes one notice after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let subscription: Subscription
        /// What is left of the last step.
        var left: ArraySlice<StreamNotice> = []

        /// The next notice; nil at the end and when the task is cancelled.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> StreamNotice? {
            while left.isEmpty {
                guard let notices = await subscription.subscriber.next() else { return nil }
                left = notices[...]
            }
            return left.removeFirst()
        }
    }

    let subscription: Subscription

    /// Takes the notices from here.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(subscription: subscription) }

    /// How many events have happened whose changes were not taken yet; when they come to be more than
    /// `StreamSettings.subscriberCapacity`, they are made one.
    public var backlog: Int { subscription.subscriber.backlog }

    /// Takes what there is, without waiting: for those who look from time to time.
    public func takeAll() -> [StreamNotice] { subscription.subscriber.takeAll() }

    /// Ends the subscription: what was not taken yet can still be, then the sequence ends. Safe to call twice.
    public func cancel() { subscription.cancel() }
}
