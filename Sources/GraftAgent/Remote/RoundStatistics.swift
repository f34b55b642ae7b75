// RoundStatistics.swift: how the rounds of Remote Configuration went, in a few numbers.
//
// Owns the sums. Neighbours: RemoteInbox.swift adds to it, RemoteReport.swift shows it.

internal import GraftRemoteConfig

/// How the rounds went.
struct RoundStatistics: Hashable, Sendable {
    /// The upper bounds of the latencies' classes, in milliseconds; one more class has what is slower.
    static let bounds: [Duration] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000].map { .milliseconds($0) }

    /// Rounds in all.
    private(set) var rounds: UInt64 = 0
    /// Rounds in which no question was answered.
    private(set) var failures: UInt64 = 0
    /// What went wrong in the last round that failed.
    private(set) var lastFailure: String?
    /// How long the Datadog agent took in the last round, and in the slowest.
    private(set) var lastLatency = Duration.zero
    private(set) var slowestLatency = Duration.zero
    /// Rounds by latency.
    private(set) var classes = [UInt64](repeating: 0, count: bounds.count + 1)
    /// Calls of callbacks that took too long.
    private(set) var slowCalls: UInt64 = 0
    /// Calls of callbacks that threw.
    private(set) var failedCalls: UInt64 = 0

    /// Adds a round.
    mutating func add(_ report: PollReport) {
        rounds += 1
        for case .failed(let reason) in report.outcomes.map(\.verdict) {
            failures += 1
            lastFailure = reason
        }
        lastLatency = report.latency
        slowestLatency = max(slowestLatency, report.latency)
        classes[Self.bounds.firstIndex { report.latency <= $0 } ?? Self.bounds.count] += 1
        slowCalls += UInt64(report.calls.count { $0.isSlow })
        failedCalls += UInt64(report.calls.count { $0.error != nil })
    }
}
