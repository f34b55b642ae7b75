// CapabilityNames: the capabilities that have a name everywhere.
//
// Owns the numbers, which the agent, its back end and every client share. Bit 49 has two meanings in the wild and no name
// here.

extension Capabilities {
    /// Application security can be switched on.
    public static let asmActivation = Self(bit: 1)
    /// The share of traces can be set.
    public static let apmTracingSampleRate = Self(bit: 12)
    /// Trace identifiers in logs can be switched.
    public static let apmTracingLogsInjection = Self(bit: 13)
    /// Headers can be turned into tags.
    public static let apmTracingHTTPHeaderTags = Self(bit: 14)
    /// Tags can be added.
    public static let apmTracingCustomTags = Self(bit: 15)
    /// Tracing can be switched off.
    public static let apmTracingEnabled = Self(bit: 19)
    /// Data streams can be switched.
    public static let apmTracingDataStreamsEnabled = Self(bit: 20)
    /// Rules for the share of traces can be set.
    public static let apmTracingSampleRules = Self(bit: 29)
    /// Dynamic instrumentation can be switched.
    public static let apmTracingEnableDynamicInstrumentation = Self(bit: 38)
    /// The replay of exceptions can be switched.
    public static let apmTracingEnableExceptionReplay = Self(bit: 39)
    /// The origin of spans in code can be switched.
    public static let apmTracingEnableCodeOrigin = Self(bit: 40)
    /// Live debugging can be switched.
    public static let apmTracingEnableLiveDebugging = Self(bit: 41)
    /// Several configurations of tracing at once are merged.
    public static let apmTracingMulticonfig = Self(bit: 45)
}
