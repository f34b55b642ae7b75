// APMCapabilities: what a product lets APM_TRACING configure, as bits of Remote Configuration's capabilities.
//
// Owns the numbers of the bits, which the agent and every tracer share; a bit's number never changes. How the set is
// written into a request is the client's business.

/// What APM_TRACING may configure; the union over all products is what a client announces.
public struct APMCapabilities: OptionSet, Sendable, Hashable {
    /// Bit n stands for capability n.
    public var rawValue: UInt64

    /// The set with these bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The set of one bit, by its number: 0 to 63.
    public init(bit: Int) {
        precondition((0..<64).contains(bit), "capabilities have 64 bits")
        rawValue = 1 << UInt64(bit)
    }

    /// `tracing_sampling_rate`.
    public static let sampleRate = APMCapabilities(bit: 12)
    /// `log_injection_enabled`.
    public static let logsInjection = APMCapabilities(bit: 13)
    /// `tracing_header_tags`.
    public static let httpHeaderTags = APMCapabilities(bit: 14)
    /// `tracing_tags`.
    public static let customTags = APMCapabilities(bit: 15)
    /// `tracing_enabled`.
    public static let enabled = APMCapabilities(bit: 19)
    /// `data_streams_enabled`.
    public static let dataStreamsEnabled = APMCapabilities(bit: 20)
    /// `tracing_sampling_rules`.
    public static let sampleRules = APMCapabilities(bit: 29)
    /// `dynamic_instrumentation_enabled`.
    public static let enableDynamicInstrumentation = APMCapabilities(bit: 38)
    /// `exception_replay_enabled`.
    public static let enableExceptionReplay = APMCapabilities(bit: 39)
    /// `code_origin_enabled`.
    public static let enableCodeOrigin = APMCapabilities(bit: 40)
    /// `live_debugging_enabled`.
    public static let enableLiveDebugging = APMCapabilities(bit: 41)
    /// Several configurations at a time, merged by priority, as this library does.
    public static let multiconfig = APMCapabilities(bit: 45)
}
