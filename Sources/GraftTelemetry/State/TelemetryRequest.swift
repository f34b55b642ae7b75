// TelemetryRequest: one request, and what is told when it is accepted.

public import GraftRemoteConfig

/// A request that is due. Its answer is for `TelemetryState.receive(_:to:now:random:)`.
public struct TelemetryRequest: Sendable {
    /// The request as HTTP.
    public let httpRequest: HTTPRequest
    /// What it says, in order; a batch has several.
    public let events: [TelemetryEvent]
    /// Its number, from 1 for each process.
    public let sequence: UInt64
    /// What is told when it is accepted.
    let contents: Contents

    /// What a request tells.
    struct Contents: Sendable {
        /// The packages.
        var dependencies: [DependencyBook.Receipt] = []
        /// The products.
        var products: [Ledger<String, TelemetryProduct>.Receipt] = []
        /// The settings.
        var configuration: [ConfigurationBook.Receipt] = []
        /// The messages of the log.
        var logs: [LogBook.Receipt] = []
        /// The points of metrics.
        var points: [MetricBook.Point] = []
        /// Whether nothing is left to tell after it.
        var isLast = false
        /// Whether there is more to tell than it had room for.
        var hasLeftOut = false
    }

    /// Whether it says this.
    func says(_ event: TelemetryEvent) -> Bool { events.contains(event) }
}
