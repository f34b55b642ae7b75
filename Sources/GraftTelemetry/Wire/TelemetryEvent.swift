// TelemetryEvent: what a request says.
//
// Owns the names on the wire and an event as bytes. Neighbours: Packing makes events, TelemetryEnvelope puts them into a
// request.

/// What a request says, or one of the things that it says.
public enum TelemetryEvent: String, Sendable, Hashable, CaseIterable {
    /// The program has started: everything that is known by then.
    case appStarted = "app-started"
    /// Packages that are in use, or of whose advisories more is known.
    case dependenciesLoaded = "app-dependencies-loaded"
    /// Products that are on or off, unlike before.
    case productChange = "app-product-change"
    /// Settings that have changed.
    case configurationChange = "app-client-configuration-change"
    /// Messages of the library's log.
    case logs = "logs"
    /// Metrics.
    case metrics = "generate-metrics"
    /// The program still runs.
    case heartbeat = "app-heartbeat"
    /// The program still runs, and all that is known of it.
    case extendedHeartbeat = "app-extended-heartbeat"
    /// The program ends.
    case appClosing = "app-closing"
    /// Several of these.
    case messageBatch = "message-batch"
}

/// An event as it goes into a request.
struct PackedEvent: Sendable {
    /// What it says.
    var event: TelemetryEvent
    /// The JSON of its payload; nil for an event that has none.
    var payload: [UInt8]?

    /// `"request_type":…,"payload":…`: the members of an event.
    func append(to bytes: inout [UInt8]) {
        bytes += "\"request_type\":\"\(event.rawValue)\"".utf8
        guard let payload else { return }
        bytes += ",\"payload\":".utf8
        bytes += payload
    }
}
