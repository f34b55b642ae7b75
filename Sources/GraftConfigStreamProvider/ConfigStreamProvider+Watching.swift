// ConfigStreamProvider+Watching: values and snapshots, followed.
//
// Owns the two watching requirements and the sequence of one key's results. Neighbours: StreamWatchers.
#if ConfigStream

    public import Configuration
    internal import GraftConfigStream

    extension ConfigStreamProvider {
        /// Follows one key's value, as the type that is asked for: the value in force first, then each other one. Results that are
        /// equal to the last one that was taken are left out, an error among them, and of several that were not taken in time the
        /// newest stays. The sequence ends with the task's cancellation, with the handler, and with the consumer. (For every change,
        /// one by one, see `ConfigStreamConsumer.changes`.)
        nonisolated(nonsending) public func watchValue<Return: ~Copyable>(
            forKey key: AbsoluteConfigKey, type: ConfigType,
            updatesHandler:
                nonisolated(nonsending) (
                    _ updates: ConfigUpdatesAsyncSequence<Result<LookupResult, any Error>, Never>
                ) async throws -> Return
        ) async throws -> Return {
            let path = StreamPath(key)
            return try await watchers.follow(path.keys) { readers in
                let results = WatchedResults(readers: readers) { snapshot(of: $0).lookup(path, type) }
                return try await updatesHandler(ConfigUpdatesAsyncSequence(results))
            }
        }

        /// Follows the configuration: what is in force first, then what is in force after an event that was applied, each a
        /// `ConfigStreamSnapshot`. Of several that were not taken in time the newest stays. Ends as `watchValue` does.
        nonisolated(nonsending) public func watchSnapshot<Return: ~Copyable>(
            updatesHandler:
                nonisolated(nonsending) (
                    _ updates: ConfigUpdatesAsyncSequence<any ConfigSnapshot, Never>
                ) async throws -> Return
        ) async throws -> Return {
            try await watchers.follow(nil) { readers in
                let snapshots = readers.map { reader -> any ConfigSnapshot in snapshot(of: reader) }
                return try await updatesHandler(ConfigUpdatesAsyncSequence(snapshots))
            }
        }
    }

    /// One key's results, each other than the one before it.
    private struct WatchedResults: AsyncSequence, Sendable {
        /// One result.
        typealias Element = Result<LookupResult, any Error>
        /// It does not fail: an error is a result.
        typealias Failure = Never

        /// The configurations that matter for the key.
        let readers: AsyncStream<StreamReader>
        /// What one of them says of the key.
        let lookup: @Sendable (StreamReader) -> Result<LookupResult, ConfigStreamProviderError>

        /// Takes one result after the other.
        struct Iterator: AsyncIteratorProtocol {
            var readers: AsyncStream<StreamReader>.Iterator
            let lookup: @Sendable (StreamReader) -> Result<LookupResult, ConfigStreamProviderError>
            var last: Result<LookupResult, ConfigStreamProviderError>?

            /// The next result that is another one; nil at the end and when the task is cancelled.
            mutating func next(isolation actor: isolated (any Actor)?) async -> Element? {
                while let reader = await readers.next(isolation: actor) {
                    let result = lookup(reader)
                    if result == last { continue }
                    last = result
                    return result.mapError { $0 }
                }
                return nil
            }
        }

        /// Takes the results from here.
        func makeAsyncIterator() -> Iterator { Iterator(readers: readers.makeAsyncIterator(), lookup: lookup) }
    }

#endif
