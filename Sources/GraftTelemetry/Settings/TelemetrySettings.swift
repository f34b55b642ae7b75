// TelemetrySettings: what the environment asks of telemetry.
//
// Owns the variables' names, the older ones among them, their defaults and their bounds. A value that makes no sense is
// replaced by the default and complained about; telemetry never fails a host. Neighbours: TelemetryState obeys them and
// reports them.

public import GraftProducts
internal import GraftConfig

/// The settings of telemetry.
public struct TelemetrySettings: Sendable, Hashable {
    /// Whether anything is sent at all.
    public static let enabledVariable = "DD_INSTRUMENTATION_TELEMETRY_ENABLED"
    /// Seconds between heartbeats.
    public static let heartbeatVariable = "DD_TELEMETRY_HEARTBEAT_INTERVAL"
    /// Seconds between heartbeats that tell everything.
    public static let extendedHeartbeatVariable = "DD_TELEMETRY_EXTENDED_HEARTBEAT_INTERVAL"
    /// Whether dependencies are sent.
    public static let dependenciesVariable = "DD_TELEMETRY_DEPENDENCY_COLLECTION_ENABLED"
    /// Whether metrics are sent.
    public static let metricsVariable = "DD_TELEMETRY_METRICS_ENABLED"
    /// Whether messages of the log are sent.
    public static let logsVariable = "DD_TELEMETRY_LOG_COLLECTION_ENABLED"
    /// Whether the back end is asked to keep requests for a closer look.
    public static let debugVariable = "DD_TELEMETRY_DEBUG"

    /// Names that other tracers have, or had; read when the name above is not set.
    static let olderNames = [
        enabledVariable: ["DD_TRACE_TELEMETRY_ENABLED"],
        extendedHeartbeatVariable: ["_DD_TELEMETRY_EXTENDED_HEARTBEAT_INTERVAL"],
        debugVariable: ["DD_INTERNAL_TELEMETRY_DEBUG_ENABLED"],
    ]

    /// The intervals that can be asked for, in seconds: below, a host would be kept busy.
    public static let intervals = 0.1...604_800.0
    /// Seconds between heartbeats when nobody says otherwise.
    public static let standardHeartbeat = 60.0
    /// Seconds between heartbeats that tell everything when nobody says otherwise: a day.
    public static let standardExtendedHeartbeat = 86_400.0

    /// Whether anything is sent at all.
    public var isEnabled = true
    /// The pause between heartbeats.
    public var heartbeatInterval = Duration.seconds(standardHeartbeat)
    /// The pause between heartbeats that tell everything.
    public var extendedHeartbeatInterval = Duration.seconds(standardExtendedHeartbeat)
    /// Whether dependencies are sent.
    public var sendsDependencies = true
    /// Whether metrics are sent.
    public var sendsMetrics = true
    /// Whether messages of the log are sent.
    public var sendsLogs = true
    /// Whether the back end is asked to keep requests for a closer look.
    public var isDebug = false
    /// What was wrong with the variables, a line each.
    public private(set) var complaints: [String] = []
    /// The settings, as telemetry reports them.
    public private(set) var configuration: [ConfigurationEntry] = []

    /// The settings when nobody has set any.
    public init() { self.init(environment: { _ in nil }) }

    /// The settings in an environment.
    public init(environment: (String) -> String?) {
        isEnabled = flag(Self.enabledVariable, true, environment)
        heartbeatInterval = .seconds(seconds(Self.heartbeatVariable, Self.standardHeartbeat, environment))
        extendedHeartbeatInterval = .seconds(
            seconds(Self.extendedHeartbeatVariable, Self.standardExtendedHeartbeat, environment))
        sendsDependencies = flag(Self.dependenciesVariable, true, environment)
        sendsMetrics = flag(Self.metricsVariable, true, environment)
        sendsLogs = flag(Self.logsVariable, true, environment)
        isDebug = flag(Self.debugVariable, false, environment)
    }

    /// The settings in an environment.
    public init(environment: [String: String]) { self.init { environment[$0] } }
}

extension TelemetrySettings {
    /// The first of a variable's names that is set, and what to.
    private static func find(_ variable: String, _ environment: (String) -> String?) -> (name: String, text: String)? {
        for name in [variable] + (olderNames[variable] ?? []) {
            if let text = environment(name), !text.isEmpty { return (name, text) }
        }
        return nil
    }

    /// A variable that is on or off.
    private mutating func flag(_ variable: String, _ standard: Bool, _ environment: (String) -> String?) -> Bool {
        let value = value(of: variable, environment, complaint: "is neither true nor false") { text in
            switch text.lowercased() {
            case "1", "true": true
            case "0", "false": false
            default: nil
            }
        }
        report(variable, .bool(value ?? standard), isObeyed: value != nil)
        return value ?? standard
    }

    /// A variable that is a number of seconds.
    private mutating func seconds(_ variable: String, _ standard: Double, _ environment: (String) -> String?) -> Double
    {
        let bounds = Self.intervals
        let complaint = "is not a number of seconds from \(bounds.lowerBound) to \(bounds.upperBound)"
        let value = value(of: variable, environment, complaint: complaint) { text in
            Double(text).flatMap { bounds.contains($0) ? $0 : nil }
        }
        report(variable, .number(value ?? standard), isObeyed: value != nil)
        return value ?? standard
    }

    /// What a variable is set to; nil when it is not set, and with a complaint when it is set to nothing that makes sense.
    private mutating func value<Value>(
        of variable: String, _ environment: (String) -> String?, complaint: String, read: (String) -> Value?
    ) -> Value? {
        guard let (name, text) = Self.find(variable, environment) else { return nil }
        if let value = read(text) { return value }
        complaints.append("\(name): \"\(WireText.bounded(text, bytes: 100))\" \(complaint)")
        return nil
    }

    /// Notes a setting for the report. One that was set wrongly has its default, by default.
    private mutating func report(_ variable: String, _ value: JSONValue, isObeyed: Bool) {
        configuration.append(
            ConfigurationEntry(name: variable, value: value, origin: isObeyed ? .environment : .byDefault))
    }
}
