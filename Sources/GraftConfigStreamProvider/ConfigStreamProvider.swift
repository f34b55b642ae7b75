// ConfigStreamProvider: a core agent's configuration in the eyes of swift-configuration.
//
// Owns the conformance: what a value, a fetched value and a snapshot mean for a stream. Compiled with the package trait
// ConfigStream only. Neighbours: ConfigStreamSnapshot looks keys up, StreamWatchers and ConfigStreamProvider+Watching follow
// them, ConfigStreamService runs the consumer.
#if ConfigStream

    public import Configuration
    public import GraftConfigStream

    /// Gives a core agent's configuration to swift-configuration, together with a program's other sources of it.
    ///
    /// ```swift
    /// let consumer = try ConfigStreamConsumer(StreamSettings(clientName: "my-agent"), transport: transport)
    /// let stream = ConfigStreamProvider(consumer)
    /// let config = ConfigReader(providers: [EnvironmentVariablesProvider(), stream])
    /// let server = Server(port: config.int(forKey: "my_agent.port", default: 8080))
    /// let group = ServiceGroup(services: [stream, server], gracefulShutdownSignals: [.sigterm], logger: logger)
    /// try await group.run()
    /// ```
    ///
    /// **Keys.** The components of a key are joined with dots and folded to lower case, and the result is looked up whole, since
    /// names of settings contain dots: `["additional_endpoints", "https://x.y"]` is found. When there is no such setting, the
    /// longest part of the key that is one, and is a map, is descended into with the components that are left. A
    /// key's context means nothing here.
    ///
    /// **Values.** A value is given as the type that it has: texts as `string`, or as `bytes` through `Options.bytesDecoder`; whole
    /// numbers of at most 2^53 as `int`, all numbers as `double`, truth values as `bool`, lists whose elements are all of one
    /// type as an array of it, and an empty list as any array. Anything else throws a `ConfigStreamProviderError` of
    /// code `notConvertible`. A map is a section, not a value: there is none under its key. A setting without a value is absent, so
    /// that the next provider is asked. A value whose source is the store of secrets is a secret.
    ///
    /// **Errors.** The getters of `ConfigReader` with a default, and those that return an optional, swallow a provider's errors: only
    /// `require…` throws them on. An access reporter sees them all.
    ///
    /// Any thread, any task. Copies are the same provider: they share the consumer and the watchers.
    public struct ConfigStreamProvider: Sendable {
        /// The consumer whose configuration it gives.
        public let consumer: ConfigStreamConsumer
        /// What it was told.
        public let options: Options
        /// Those who watch.
        let watchers: StreamWatchers
        /// Keeps the watchers told.
        private let observation: StreamObservation

        /// A provider of a consumer's configuration. The consumer need not run yet.
        public init(_ consumer: ConfigStreamConsumer, options: Options = Options()) {
            self.consumer = consumer
            self.options = options
            let watchers = StreamWatchers(consumer.reader.snapshot())
            self.watchers = watchers
            observation = consumer.observe { occurrence in
                switch occurrence {
                case .configuration(let reader): watchers.show(reader)
                case .status: break
                case .ended: watchers.end()
                }
            }
        }

        /// A provider of a consumer's configuration, as soon as there is one. The consumer must be running.
        ///
        /// ```swift
        /// let service = ConfigStreamService(consumer)
        /// let running = Task { try await service.run() }
        /// let stream = try await ConfigStreamProvider(consumer, readyWithin: .seconds(30))
        /// ```
        ///
        /// - Throws: `StreamError`: `notReady` after the timeout, with what has gone wrong last, `ended`; `CancellationError`.
        public init(
            _ consumer: ConfigStreamConsumer, readyWithin timeout: Duration, options: Options = Options()
        ) async throws {
            try await consumer.waitReady(timeout: timeout)
            self.init(consumer, options: options)
        }

        /// How many watch a value or the snapshots at this moment.
        public var watcherCount: Int { watchers.count }
    }

    extension ConfigStreamProvider: ConfigProvider {
        /// The type's name and the consumer's: `ConfigStreamProvider[my-agent]`.
        public var providerName: String { options.name ?? "ConfigStreamProvider[\(consumer.settings.clientName)]" }

        /// The value in force. Takes no lock.
        ///
        /// - Throws: `ConfigStreamProviderError`: `notConvertible`; `notReady`, if the options say so.
        public func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
            try present.value(forKey: key, type: type)
        }

        /// The value in force at the core agent, as far as can be known: the present value while the stream is live; else it waits for
        /// the stream, which begins with everything that is in force, for `Options.fetchTimeout` at most. It opens nothing itself.
        ///
        /// - Throws: as `value`; `ConfigStreamProviderError` of code `stale` or `notReady` when the stream is not live in time,
        ///   unless the options prefer what was last known; `CancellationError`.
        nonisolated(nonsending) public func fetchValue(
            forKey key: AbsoluteConfigKey, type: ConfigType
        ) async throws -> LookupResult {
            if consumer.state != .live, try await !becomesLive(), options.whenOffline == .fail {
                throw offlineError
            }
            return try value(forKey: key, type: type)
        }

        /// What is in force at this moment, for as long as the snapshot is kept: what is read from it belongs together. A
        /// `ConfigStreamSnapshot`.
        public func snapshot() -> any ConfigSnapshot { present }

        /// What is in force at this moment.
        private var present: ConfigStreamSnapshot { snapshot(of: consumer.reader.snapshot()) }

        /// A reader of one moment as a snapshot.
        func snapshot(of reader: StreamReader) -> ConfigStreamSnapshot {
            ConfigStreamSnapshot(reader: reader, providerName: providerName, options: options)
        }

        /// Waits until the stream is live; false when it is not in time, or will never be again.
        private func becomesLive() async throws -> Bool {
            let consumer = consumer
            let timeout = options.fetchTimeout
            let isLive = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    for await state in consumer.stateChanges() where state == .live { return true }
                    return false
                }
                group.addTask {
                    try? await Task.sleep(for: timeout)
                    return false
                }
                defer { group.cancelAll() }
                return await group.next() ?? false
            }
            try Task.checkCancellation()
            return isLive
        }

        /// Why nothing can be fetched.
        private var offlineError: ConfigStreamProviderError {
            let state = consumer.state
            let reason = consumer.lastFailure.map { ": the last failure was \($0)" } ?? ""
            let message = "the stream is not live (\(state))\(reason)"
            if case .stale(let since) = state { return .init(.stale, message, staleSince: since) }
            return .init(consumer.reader.hasConfiguration ? .stale : .notReady, message)
        }
    }

    extension ConfigStreamProvider: CustomStringConvertible {
        /// Its name, state and size; never a value.
        public var description: String {
            "\(providerName)[\(consumer.state), \(consumer.reader.count) values, \(watcherCount) watchers]"
        }
    }

#endif
