// Watch: shows a stream until somebody ends it.
//
// Owns the consumer and the tasks around it: one prints the configuration and its changes, one the states, one looks for failures
// and for a reader that has gone. Neighbours: Request says what is wanted, Display and Report how it reads.
#if ConfigStream

    internal import Glibc
    internal import GraftConfigStream
    internal import GraftConfigStreamGRPC

    /// Shows a stream.
    struct Watch: Sendable {
        /// How often it looks for failures and for a reader that has gone.
        private static let lookInterval = Duration.milliseconds(200)
        /// As good as without end, in seconds: ten years.
        private static let forever = 315_360_000
        /// How long the end waits for a line that is being written, in milliseconds.
        private static let lineTime = 300

        private let request: Request
        private let output: Output
        private let errors: Output
        private let consumer: ConfigStreamConsumer

        /// Shows what was asked for, there.
        init(_ request: Request, output: Output, errors: Output) throws {
            self.request = request
            self.output = output
            self.errors = errors
            consumer = try ConfigStreamConsumer(
                request.settings, transport: GRPCStreamTransport(address: request.address, files: request.files))
        }

        /// Shows it; returns when all is printed that was wanted, or nobody reads any more.
        ///
        /// - Throws: `StreamError` when there was no configuration in time.
        func run() async throws {
            let endings = Endings { end(by: $0) }
            defer { withExtendedLifetime(endings) {} }
            // From before the beginning on: nothing between the first configuration and the first change is lost.
            let changes = consumer.changes(request.selection)
            Task { try await consumer.run() }
            if request.loudness != .quiet { Task { await showStates() } }
            Task { try await look() }
            try await consumer.waitReady(timeout: request.timeout ?? .seconds(Self.forever))
            var display = Display(
                request.selection, as: request.isJSON ? JSONLines() : TextLines(), showsSecrets: request.showsSecrets)
            guard output.write(display.begin(with: consumer.reader, at: .now)), !request.isOnce else { return }
            for await notice in changes {
                guard output.write(display.take(notice, at: .now)) else { return }
            }
        }

        /// Prints the states.
        private func showStates() async {
            for await state in consumer.stateChanges() {
                let counters = request.loudness == .verbose ? consumer.counters : nil
                errors.write([Report.state(state, counters, at: .now)])
            }
        }

        /// Prints each failure once, and ends the tool when nobody reads it any more.
        private func look() async throws {
            var last: StreamFailure?
            while true {
                if output.hasNoReader { exit(ExitCode.success) }
                let failure = consumer.lastFailure
                if let failure, failure != last, request.loudness != .quiet {
                    errors.write([Report.failure(failure, at: .now)])
                }
                last = failure
                try await Task.sleep(for: Self.lookInterval)
            }
        }

        /// Ends the process, after the last line.
        private func end(by signal: String) -> Never {
            if request.loudness != .quiet {
                errors.write([Report.summary(signal, consumer.counters, all: request.loudness == .verbose)])
            }
            output.betweenLines(attempts: Self.lineTime) { _exit(ExitCode.success) }
        }
    }

#endif
