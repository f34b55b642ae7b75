// RemoteConfigService: a client of Remote Configuration as a service of a group.
//
// Owns the tie between the thread that polls and the group. Compiled with the package trait ServiceLifecycle only.
// Neighbour: RemoteConfigThread polls, and ends by itself when it is told to.
#if ServiceLifecycle

    public import GraftRemoteConfig
    public import ServiceLifecycle

    /// Polls as long as a service group wants it.
    ///
    /// ```swift
    /// let thread = RemoteConfigThread(state: state, transport: transport)
    /// thread.poller.registerCallback(MyCallback(), for: "MY_PRODUCT")
    /// thread.poller.enableProduct("MY_PRODUCT")
    /// let group = ServiceGroup(
    ///     services: [RemoteConfigService(thread), server], gracefulShutdownSignals: [.sigterm], logger: logger)
    /// try await group.run()
    /// ```
    ///
    /// The polls and the callbacks are on the thread's own, so they may block. A graceful shutdown and a cancellation end it
    /// alike, at once, also while the agent does not answer; `run()` returns after the callback that is running, if there is
    /// one. A client that is stopped by somebody else ends the service too, and the group does what its
    /// `successTerminationBehavior` says. An agent that is not there is no failure.
    public struct RemoteConfigService: Service {
        /// The client.
        private let thread: RemoteConfigThread

        /// A service of this client, which has not been started.
        public init(_ thread: RemoteConfigThread) { self.thread = thread }

        /// Polls until the group shuts down or the task is cancelled.
        ///
        /// - Throws: `ConfigError` when the system refuses a thread.
        public func run() async throws {
            let end = Gate()
            try await withTaskCancellationOrGracefulShutdownHandler {
                try thread.start()
                thread.whenOver { end.open() }
                await end.wait()
            } onCancelOrGracefulShutdown: {
                thread.stop()
            }
        }
    }

#endif
