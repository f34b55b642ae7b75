// RemoteConfigLimits: how much an answer may ask of its reader.
//
// Owns the named limits. A file past its limit is refused alone; an answer past one of its own is refused whole, because
// half of a list would take the other half for removed.

internal import GraftConfig

/// How much an answer of the agent may ask of its reader.
public struct RemoteConfigLimits: Sendable, Hashable {
    /// The most bytes of an answer's body: 64 MiB. A transport stops reading there.
    public static let maximumResponseBytes = 64 << 20
    /// The most bytes of one file: 16 MiB.
    public static let maximumFileBytes = JSONLimits.maximumBytes
    /// The most configurations for one client.
    public static let maximumConfigurations = 10_000
    /// The most files in one answer, those included that are for other clients.
    public static let maximumFiles = 20_000
    /// The most values in an answer, or in the targets inside it; keys count.
    public static let maximumValues = 4 << 20
    /// The most bytes of the state that the back end asks to be told.
    public static let maximumBackendStateBytes = 64 << 10

    /// The most bytes of an answer's body.
    public var responseBytes = maximumResponseBytes
    /// The most bytes of one file.
    public var fileBytes = maximumFileBytes
    /// The most configurations for one client.
    public var configurations = maximumConfigurations
    /// The most files in one answer.
    public var files = maximumFiles
    /// The most bytes of the back end's state.
    public var backendStateBytes = maximumBackendStateBytes

    /// The limits for a client in production.
    public init() {}

    /// The limits for reading an answer and the targets inside it.
    var envelope: JSONLimits {
        var limits = JSONLimits()
        limits.bytes = responseBytes
        limits.values = Self.maximumValues
        return limits
    }

    /// The limits for reading a file.
    var file: JSONLimits {
        var limits = JSONLimits()
        limits.bytes = fileBytes
        return limits
    }
}
