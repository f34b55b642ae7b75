// MetricsMeter: a consumer's measurements in swift-metrics.
//
// Owns the names: the first five are those of the core agent's other clients, so that one dashboard shows all. Neighbours:
// StreamMeter is the role that it plays.
#if ConfigStream

    public import GraftConfigStream
    public import Metrics

    /// Hands a consumer's measurements to swift-metrics.
    ///
    /// ```swift
    /// var settings = StreamSettings(clientName: "my-agent")
    /// settings.meter = MetricsMeter()
    /// let consumer = try ConfigStreamConsumer(settings, transport: transport)
    /// ```
    ///
    /// | name, after `configstream_consumer.` | kind | what |
    /// |---|---|---|
    /// | `time_to_first_snapshot_seconds` | gauge | from `run()` to the first snapshot, once |
    /// | `reconnect_count` | counter | streams opened after another one |
    /// | `last_sequence_id` | gauge | number of the last event that was applied |
    /// | `dropped_stale_updates` | counter | events whose number had passed |
    /// | `buffer_overflow_disconnects` | counter | streams given up since updates were missing: the core agent's buffer was full |
    /// | `session_registrations` | counter | sessions obtained |
    /// | `session_refresh_failures` | counter | refreshes that failed |
    /// | `connects` | counter | streams opened |
    /// | `resyncs`, dimension `cause` | counter | streams given up: `gap`, `session`, `ended`, `transport`, `malformed` |
    /// | `apply_latency` | timer | from an event's arrival to its being visible to readers |
    ///
    /// Every counter is there from the start, with nothing counted. Any thread.
    public final class MetricsMeter: StreamMeter {
        /// What the names have in common.
        public static let prefix = "configstream_consumer."

        private let timeToFirstSnapshot: Gauge
        private let reconnects: Counter
        private let lastSequence: Gauge
        private let droppedStale: Counter
        private let bufferOverflows: Counter
        private let registrations: Counter
        private let refreshFailures: Counter
        private let connects: Counter
        private let resyncs: [ResyncCause: Counter]
        private let applyLatency: Timer

        /// A meter.
        ///
        /// - Parameters:
        ///   - dimensions: what tells this consumer from others of the process; none, as the core agent's other clients have it.
        ///   - factory: where the metrics are made; the one that the program has bootstrapped.
        public init(dimensions: [(String, String)] = [], factory: any MetricsFactory = MetricsSystem.factory) {
            func counter(_ name: String, _ more: [(String, String)] = []) -> Counter {
                Counter(label: Self.prefix + name, dimensions: dimensions + more, factory: factory)
            }
            func gauge(_ name: String) -> Gauge {
                Gauge(label: Self.prefix + name, dimensions: dimensions, factory: factory)
            }
            timeToFirstSnapshot = gauge("time_to_first_snapshot_seconds")
            reconnects = counter("reconnect_count")
            lastSequence = gauge("last_sequence_id")
            droppedStale = counter("dropped_stale_updates")
            bufferOverflows = counter("buffer_overflow_disconnects")
            registrations = counter("session_registrations")
            refreshFailures = counter("session_refresh_failures")
            connects = counter("connects")
            var resyncs: [ResyncCause: Counter] = [:]
            for cause in ResyncCause.allCases { resyncs[cause] = counter("resyncs", [("cause", cause.rawValue)]) }
            self.resyncs = resyncs
            applyLatency = Timer(label: Self.prefix + "apply_latency", dimensions: dimensions, factory: factory)
        }

        /// Hands one measurement on.
        public func record(_ measurement: StreamMeasurement) {
            switch measurement {
            case .timeToFirstSnapshot(let duration): timeToFirstSnapshot.record(duration / .seconds(1))
            case .connected(let again):
                connects.increment()
                if again { reconnects.increment() }
            case .resync(let cause):
                resyncs[cause]?.increment()
                if cause == .gap { bufferOverflows.increment() }
            case .lastSequence(let sequence): lastSequence.record(sequence)
            case .droppedStale(let count): droppedStale.increment(by: count)
            case .applied(let duration): applyLatency.recordNanoseconds(Int64(duration / .nanoseconds(1)))
            case .sessionRegistered: registrations.increment()
            case .sessionRefreshFailed: refreshFailures.increment()
            }
        }
    }

#endif
