// LibraryConfig: what a configuration of APM_TRACING can say, as typed values.
//
// Owns the fields, their names on the wire and the rule how one configuration lies over another. nil is "no opinion", and
// so are an absent field and `null`. Neighbours: LibraryConfigReader makes them, APMTracingState merges them.

public import GraftConfig

/// The settings of a tracing library, each of which may be left open.
public struct LibraryConfig: Sendable, Hashable {
    /// `tracing_enabled`: whether traces are made. Remotely it can only be switched off, and stays so until a restart.
    public var tracingEnabled: Bool?
    /// `tracing_sampling_rate`: the share of traces to keep, 0 to 1, where no rule says otherwise.
    public var tracingSamplingRate: Double?
    /// `tracing_sampling_rules`: shares for some spans, the first that fits decides.
    public var tracingSamplingRules: [SamplingRule]?
    /// `log_injection_enabled`: whether log lines name their trace.
    public var logInjectionEnabled: Bool?
    /// `tracing_header_tags`: HTTP headers that become tags.
    public var tracingHeaderTags: [HeaderTag]?
    /// `tracing_tags`: tags of every span, in place of the local ones.
    public var tracingTags: [SpanTag]?
    /// `dynamic_instrumentation_enabled`. An explicit local `false` wins, as for the three that follow.
    public var dynamicInstrumentationEnabled: Bool?
    /// `exception_replay_enabled`.
    public var exceptionReplayEnabled: Bool?
    /// `code_origin_enabled`.
    public var codeOriginEnabled: Bool?
    /// `live_debugging_enabled`.
    public var liveDebuggingEnabled: Bool?
    /// `data_streams_enabled`.
    public var dataStreamsEnabled: Bool?
    /// `runtime_metrics_enabled`.
    public var runtimeMetricsEnabled: Bool?
    /// `tracing_debug`.
    public var tracingDebug: Bool?
    /// `dynamic_sampling_enabled`.
    public var dynamicSamplingEnabled: Bool?
    /// Fields that are not known here, as they stand; never `null`.
    public var others = JSONObject()

    /// No opinion on anything.
    public init() {}

    /// The switches by their names on the wire.
    static var switches: [(name: String, field: WritableKeyPath<LibraryConfig, Bool?>)] {
        [
            ("tracing_enabled", \.tracingEnabled), ("log_injection_enabled", \.logInjectionEnabled),
            ("dynamic_instrumentation_enabled", \.dynamicInstrumentationEnabled),
            ("exception_replay_enabled", \.exceptionReplayEnabled), ("code_origin_enabled", \.codeOriginEnabled),
            ("live_debugging_enabled", \.liveDebuggingEnabled), ("data_streams_enabled", \.dataStreamsEnabled),
            ("runtime_metrics_enabled", \.runtimeMetricsEnabled), ("tracing_debug", \.tracingDebug),
            ("dynamic_sampling_enabled", \.dynamicSamplingEnabled),
        ]
    }

    /// The switches that an explicit local `false` decides.
    private static var guarded: [WritableKeyPath<LibraryConfig, Bool?>] {
        [
            \.tracingEnabled, \.dynamicInstrumentationEnabled, \.exceptionReplayEnabled, \.codeOriginEnabled,
            \.liveDebuggingEnabled,
        ]
    }

    /// This configuration, and where it has no opinion, the other's.
    public func over(_ lower: LibraryConfig) -> LibraryConfig {
        var merged = self
        for (_, field) in Self.switches { merged[keyPath: field] = self[keyPath: field] ?? lower[keyPath: field] }
        merged.tracingSamplingRate = tracingSamplingRate ?? lower.tracingSamplingRate
        merged.tracingSamplingRules = tracingSamplingRules ?? lower.tracingSamplingRules
        merged.tracingHeaderTags = tracingHeaderTags ?? lower.tracingHeaderTags
        merged.tracingTags = tracingTags ?? lower.tracingTags
        for member in lower.others.members where others[member.key] == nil { merged.others.members.append(member) }
        return merged
    }

    /// What holds when this is remote and the other local: the remote opinion, but for the switches that an explicit local
    /// `false` decides.
    func overLocal(_ local: LibraryConfig) -> LibraryConfig {
        var settings = over(local)
        for field in Self.guarded where local[keyPath: field] == false { settings[keyPath: field] = false }
        return settings
    }

    /// The fields with an opinion, by their names on the wire and in a fixed order.
    public var json: JSONObject {
        var object = JSONObject()
        for (name, field) in Self.switches { object[name] = self[keyPath: field].map(JSONValue.bool) }
        object["tracing_sampling_rate"] = tracingSamplingRate.map(JSONValue.number)
        object["tracing_sampling_rules"] = tracingSamplingRules.map { .array($0.map(\.json)) }
        object["tracing_header_tags"] = tracingHeaderTags.map { .array($0.map(\.json)) }
        object["tracing_tags"] = tracingTags.map { .array($0.map(\.json)) }
        object.members += others.members
        return object
    }
}
