// ConfigStreamService: a consumer as a service of a group.
//
// Owns the tie between a consumer's life and the group's, and runs the log beside it. Neighbours: StreamLog,
// ConfigStreamProvider is such a service itself.
#if ConfigStream

    public import GraftConfigStream
    public import Logging
    public import ServiceLifecycle

    /// Keeps a configuration up to date as long as a service group wants it, and says in a log how that goes.
    ///
    /// ```swift
    /// let service = ConfigStreamService(consumer, logger: logger)
    /// let group = ServiceGroup(services: [service, server], gracefulShutdownSignals: [.sigterm], logger: logger)
    /// try await group.run()
    /// ```
    ///
    /// A graceful shutdown and a cancellation end it alike, at once: connections are cut, nothing is waited for, and what was
    /// received stays readable. A core agent that is not there is no failure. A group stops its services in the reverse order of its list:
    /// put this one before those that read the configuration. A consumer runs once, so it is in one service, or one provider, of
    /// one group.
    public struct ConfigStreamService: Service {
        /// The consumer.
        private let consumer: ConfigStreamConsumer
        /// Where states and failures are logged.
        private let logger: Logger?

        /// A service of this consumer, which has not been run.
        ///
        /// - Parameter logger: takes a line for each change of the consumer's state and for each other failure: name, state and
        ///   place in the stream, never the value of a setting.
        public init(_ consumer: ConfigStreamConsumer, logger: Logger? = nil) {
            self.consumer = consumer
            self.logger = logger
        }

        /// Connects, and keeps the configuration up to date until the group shuts down or the task is cancelled.
        ///
        /// - Throws: `StreamError` of code `alreadyRun`.
        public func run() async throws {
            let log = logger.map { StreamLog(consumer, $0) }
            // Not a child: it writes the last lines after a cancellation. It ends with the consumer.
            let logging = Task { await log?.run() }
            do {
                try await cancelWhenGracefulShutdown { try await consumer.run() }
            } catch {
                logging.cancel()
                throw error
            }
            await logging.value
        }
    }

    extension ConfigStreamProvider: Service {
        /// Runs the consumer, as `ConfigStreamService` does, with `Options.logger`.
        ///
        /// - Throws: `StreamError` of code `alreadyRun`, when the consumer is run by something else too.
        public func run() async throws { try await ConfigStreamService(consumer, logger: options.logger).run() }
    }

#endif
