// ProductService: the products of a manager as one service of a group.
//
// Owns the order of a life: start, wait, stop. Compiled with the package trait ServiceLifecycle only: without it,
// swift-service-lifecycle is neither fetched nor built. Neighbours: ProductManager does the work, ThreadCall keeps what
// blocks off the threads of Swift concurrency.
#if ServiceLifecycle

    public import GraftProducts
    public import ServiceLifecycle

    /// Runs products as long as a service group wants them to run.
    ///
    /// ```swift
    /// let manager = try ProductManager([Telemetry(), Heartbeat()]) { line in logger.info("\(line)") }
    /// let group = ServiceGroup(
    ///     services: [ProductService(manager), server], gracefulShutdownSignals: [.sigterm], logger: logger)
    /// try await group.run()
    /// ```
    ///
    /// `run()` starts the products and completes their start (`postPreload`). When the group shuts down gracefully, or the
    /// task is cancelled, it stops them, in the reverse order of their start, with `join: true`, and returns when the last one
    /// has stopped; a start that is under way is waited for first. Both ways end alike, and a cancellation is no error: a
    /// product cannot be stopped halfway. All of that happens on plain threads, so a product may block. `atExit` of a
    /// manager that watches its process finds nothing left to do afterwards.
    ///
    /// A group stops its services in the reverse order of its list: put the products before what uses them.
    public struct ProductService: Service {
        /// What a product that does not run means for the group.
        public enum FailurePolicy: Sendable, Hashable {
            /// Nothing: its error is in the manager's log and status, it and those that require it do not run, and the others
            /// do. A program should not end because something that watches it does not work.
            case goOn
            /// The products that run are stopped, and `run()` throws a `ProductServiceError`, with which the group does what
            /// its `failureTerminationBehavior` says: it cancels all services unless it was told otherwise. Looked at once,
            /// after the start.
            case endGroup
        }

        /// The products.
        private let manager: ProductManager
        /// What a product that does not run means.
        private let failurePolicy: FailurePolicy

        /// A service of these products. A manager stops once and for all, so it is for one service, which runs once.
        public init(_ manager: ProductManager, onFailure failurePolicy: FailurePolicy = .goOn) {
            self.manager = manager
            self.failurePolicy = failurePolicy
        }

        /// Runs the products until the group shuts down or the task is cancelled.
        ///
        /// - Throws: `ProductServiceError`, with the policy `endGroup` only.
        public func run() async throws {
            let manager = manager
            let end = Gate()
            let failures = await withTaskCancellationOrGracefulShutdownHandler {
                await ThreadCall.wait("graft-products") {
                    manager.start()
                    manager.postPreload()
                }
                let failures = failurePolicy == .endGroup ? notStarted : []
                if failures.isEmpty { await end.wait() }
                return failures
            } onCancelOrGracefulShutdown: {
                end.open()
            }
            await ThreadCall.wait("graft-products") { manager.stop(join: true) }
            if !failures.isEmpty { throw ProductServiceError(failures: failures) }
        }

        /// The products that could not be started.
        private var notStarted: [ProductStatus] {
            manager.status.filter { status in
                switch status.state {
                case .cyclic, .unknownRequirement, .failedRequirement, .failed: true
                default: false
                }
            }
        }
    }

    /// Products do not run that a service group cannot do without.
    public struct ProductServiceError: Error, Sendable, CustomStringConvertible {
        /// Those that do not run.
        public var failures: [ProductStatus]

        /// Their names, each with what is wrong.
        public var description: String {
            "products do not run: "
                + failures.map { "\($0.name): \($0.error ?? $0.state.slug)" }.joined(separator: "; ")
        }
    }

#endif
