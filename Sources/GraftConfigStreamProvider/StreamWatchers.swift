// StreamWatchers: who watches values and snapshots, and what they have not taken yet.
//
// Owns the list of watchers, one flat list that is empty when nobody watches, and the configuration that they were told of last. A
// watcher begins with that configuration, put into its stream in the same critical section in which it goes onto the list, and
// everything later is put there in the same one: what a watcher takes never goes back. A stream holds one configuration, the
// newest; what it means for a key is found when it is taken, on the watcher's time. Neighbours: StreamObserver tells,
// ConfigStreamProvider+Watching.
#if ConfigStream

    internal import GraftConfigStream
    internal import Synchronization

    /// Those who watch one provider.
    final class StreamWatchers: Sendable {
        /// Somebody who watches. Called under the lock: it must not wait.
        struct Watcher: Sendable {
            /// The settings that matter; nil for every event.
            let keys: [StreamKey]?
            /// Takes a configuration.
            let take: @Sendable (StreamReader) -> Void
            /// Is told that nothing comes any more.
            let finish: @Sendable () -> Void

            /// Whether the step from one configuration to another matters.
            func wants(_ new: StreamReader, after old: StreamReader) -> Bool {
                guard let keys, new.hasConfiguration == old.hasConfiguration else { return true }
                return keys.contains { new.mayDiffer(from: old, at: $0) }
            }
        }

        /// What the lock protects.
        private struct Storage {
            /// The configuration that watchers were told of last.
            var reader: StreamReader
            /// The watchers, by number.
            var watchers: [UInt64: Watcher] = [:]
            /// The last watcher's number.
            var lastID: UInt64 = 0
            /// Whether nothing comes any more.
            var hasEnded = false
        }

        private let storage: Mutex<Storage>

        /// Nobody watches, and this is in force.
        init(_ reader: StreamReader) { storage = Mutex(Storage(reader: reader)) }

        /// How many watch.
        var count: Int { storage.withLock { $0.watchers.count } }

        /// Watches some settings, or, with nil, every event, as long as `body` runs. The stream begins with what is in force.
        nonisolated(nonsending) func follow<Return: ~Copyable>(
            _ keys: [StreamKey]?,
            _ body: nonisolated(nonsending) (AsyncStream<StreamReader>) async throws -> Return
        ) async throws -> Return {
            let (readers, sink) = AsyncStream.makeStream(of: StreamReader.self, bufferingPolicy: .bufferingNewest(1))
            let id = add(Watcher(keys: keys, take: { sink.yield($0) }, finish: { sink.finish() }))
            defer {
                remove(id)
                sink.finish()
            }
            return try await body(readers)
        }

        /// Puts a watcher onto the list and gives it the configuration in force, in one step.
        func add(_ watcher: Watcher) -> UInt64 {
            storage.withLock { storage in
                storage.lastID += 1
                watcher.take(storage.reader)
                if storage.hasEnded { watcher.finish() } else { storage.watchers[storage.lastID] = watcher }
                return storage.lastID
            }
        }

        /// Takes a watcher off the list.
        private func remove(_ id: UInt64) {
            _ = storage.withLock { $0.watchers.removeValue(forKey: id) }
        }

        /// A configuration is in force. One caller at a time.
        func show(_ reader: StreamReader) {
            storage.withLock { storage in
                for watcher in storage.watchers.values where watcher.wants(reader, after: storage.reader) {
                    watcher.take(reader)
                }
                storage.reader = reader
            }
        }

        /// Nothing comes any more: what was not taken can still be, then the streams end.
        func end() {
            let watchers = storage.withLock { storage in
                storage.hasEnded = true
                defer { storage.watchers = [:] }
                return storage.watchers
            }
            for watcher in watchers.values { watcher.finish() }
        }
    }

#endif
