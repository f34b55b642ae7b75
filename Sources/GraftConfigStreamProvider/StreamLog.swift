// StreamLog: how a consumer fares, as lines of a log.
//
// Owns which change is worth which line. A line has the consumer's name, its state and the place in the stream; no value of a
// setting is within its reach. Neighbours: StreamObserver says what happens, ConfigStreamService runs it.
#if ConfigStream

    internal import GraftConfigStream
    internal import Logging

    /// Writes one line for each change.
    struct StreamLog: Sendable {
        /// How many changes a slow log may be behind; older ones are left out.
        static let capacity = 256

        private let statuses: AsyncStream<StreamStatus>
        private let observation: StreamObservation
        private let logger: Logger
        private let name: String

        /// A log of everything from now on.
        init(_ consumer: ConfigStreamConsumer, _ logger: Logger) {
            let (statuses, sink) = AsyncStream.makeStream(
                of: StreamStatus.self, bufferingPolicy: .bufferingNewest(Self.capacity))
            self.statuses = statuses
            self.logger = logger
            name = consumer.settings.clientName
            observation = consumer.observe { occurrence in
                switch occurrence {
                case .configuration: break
                case .status(let status): sink.yield(status)
                case .ended: sink.finish()
                }
            }
        }

        /// Writes until the consumer has ended.
        func run() async {
            var last: StreamStatus?
            for await status in statuses {
                write(status, after: last)
                last = status
            }
        }

        /// Writes what is new.
        private func write(_ status: StreamStatus, after last: StreamStatus?) {
            let isNewState = status.state != last?.state
            let newFailure = status.failure == last?.failure ? nil : status.failure
            // A failed state says its failure itself.
            if let newFailure, status.state != .failed(newFailure) {
                logger.warning("config stream trouble: \(newFailure)", metadata: metadata(status))
            }
            if isNewState {
                logger.log(
                    level: level(of: status.state), "config stream is \(status.state)", metadata: metadata(status))
            }
        }

        /// How much a state matters to who reads the log.
        private func level(of state: StreamState) -> Logger.Level {
            switch state {
            case .live: .info
            case .stale: .warning
            case .failed: .error
            case .disconnected, .connecting, .awaitingSnapshot: .debug
            }
        }

        /// Who, and where in the stream.
        private func metadata(_ status: StreamStatus) -> Logger.Metadata {
            var metadata: Logger.Metadata = [
                "name": "\(name)", "state": "\(word(of: status.state))",
                "epoch": "\(status.position.epoch)", "sequence": "\(status.position.sequence)",
            ]
            if let failure = status.failure { metadata["failure"] = "\(failure.code)" }
            return metadata
        }

        /// A state in one word, to be searched for.
        private func word(of state: StreamState) -> String {
            switch state {
            case .stale: "stale"
            case .failed: "failed"
            case .disconnected, .connecting, .awaitingSnapshot, .live: "\(state)"
            }
        }
    }

#endif
