// TelemetryLimits: how much is kept and sent.
//
// Owns the named limits. What is kept is bounded by what there is to know, not by how long an agent was away: a fact that
// changes again before it was accepted takes no more room. What a limit leaves out is counted, never silent.

/// How much is kept and sent.
public struct TelemetryLimits: Sendable, Hashable {
    /// The most bytes of a request's body: 4 MiB, of the 5 MB that an agent forwards.
    public static let maximumPayloadBytes = 4 << 20
    /// What an agent that finds requests too large may bring `payloadBytes` down to: 64 KiB.
    public static let leastPayloadBytes = 64 << 10
    /// The most dependencies in one event, as in other tracers.
    public static let maximumDependenciesPerEvent = 2_000
    /// The most dependencies that are kept.
    public static let maximumDependencies = 20_000
    /// The most advisories of one dependency; a place that reached each is kept beside it.
    public static let maximumAdvisories = 100
    /// The most settings that are kept; the same setting from two origins is two.
    public static let maximumConfigurations = 1_000
    /// The most products that are kept.
    public static let maximumProducts = 100
    /// The most series of metrics that are kept.
    public static let maximumSeries = 1_000
    /// The most different messages of the log that are kept until they are accepted.
    public static let maximumLogs = 100
    /// The most bytes of a text: a name, a path, a message.
    public static let maximumTextBytes = 1_024
    /// The most bytes of a setting's value, or of a stack.
    public static let maximumValueBytes = 4_096

    /// The most bytes of a request's body. A single item that is larger goes alone.
    public var payloadBytes = maximumPayloadBytes
    /// The most dependencies in one event.
    public var dependenciesPerEvent = maximumDependenciesPerEvent
    /// The most dependencies that are kept.
    public var dependencies = maximumDependencies
    /// The most advisories of one dependency.
    public var advisories = maximumAdvisories
    /// The most settings that are kept.
    public var configurations = maximumConfigurations
    /// The most products that are kept.
    public var products = maximumProducts
    /// The most series that are kept.
    public var series = maximumSeries
    /// The most different messages that are kept.
    public var logs = maximumLogs

    /// The limits for production.
    public init() {}
}

/// Text from elsewhere, as far as it may go into a request.
enum WireText {
    /// What a text that was cut ends in.
    private static let ellipsis = "…"

    /// `text`, cut between characters to `bytes`.
    static func bounded(_ text: String, bytes: Int = TelemetryLimits.maximumTextBytes) -> String {
        guard text.utf8.count > bytes else { return text }
        var result = ""
        var room = bytes - ellipsis.utf8.count
        for scalar in text.unicodeScalars {
            room -= UTF8.width(scalar)
            guard room >= 0 else { break }
            result.unicodeScalars.append(scalar)
        }
        return result + ellipsis
    }
}
