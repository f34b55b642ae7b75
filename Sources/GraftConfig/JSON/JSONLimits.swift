// JSONLimits: how much a JSON text may ask of its reader.
//
// Owns the named limits of the JSON reader and nothing else. JSONParser checks each of them.

/// How much a JSON text may ask of its reader; what goes past a limit is an error with its place.
public struct JSONLimits: Sendable {
    /// The most bytes in one text: 16 MiB.
    public static let maximumBytes = 16 << 20
    /// The most arrays and objects inside each other.
    public static let maximumDepth = 128
    /// The most values in one text, keys counted: it bounds the memory that reading takes, at 16 bytes for each.
    public static let maximumValues = 1 << 20
    /// The most bytes in one number.
    public static let maximumNumberBytes = 1_024

    /// The most bytes; at most `UInt32.max`.
    public var bytes = maximumBytes
    /// The most arrays and objects inside each other.
    public var depth = maximumDepth
    /// The most values, keys counted.
    public var values = maximumValues

    /// The limits for configuration payloads.
    public init() {}
}
