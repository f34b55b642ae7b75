// APMTracingLimits: how much configurations of APM_TRACING may ask for.
//
// Owns the named limits and nothing else. LibraryConfigReader and APMTracingState check them.

/// How much configurations of APM_TRACING may ask for.
public enum APMTracingLimits {
    /// Files that are held at a time; one more is refused.
    public static let files = 256
    /// Elements of one list; a file with more is refused.
    public static let elements = 1_000
    /// Elements that were left out of one file and are told of.
    public static let warnings = 16
}
