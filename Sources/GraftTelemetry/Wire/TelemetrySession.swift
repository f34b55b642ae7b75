// TelemetrySession: which process speaks, and whose child it is.
//
// Owns the identifiers of a process and of those before it, as the fields of each request have them.

internal import GraftRemoteConfig

/// A process, as telemetry knows it.
public struct TelemetrySession: Sendable, Hashable {
    /// The identifier of this process: a UUID, the same as that of its requests for configuration.
    public let runtimeID: String
    /// The identifier of the process that forked it; nil for one that was started.
    public let parentID: String?
    /// The identifier of the first process of the family; its own for one that was started.
    public let rootID: String

    /// A process that was started. The identifier goes into a field of HTTP: visible ASCII only.
    public init(runtimeID: String) {
        self.runtimeID = runtimeID
        parentID = nil
        rootID = runtimeID
    }

    /// A child of `parent` by fork.
    public init(runtimeID: String, forkedFrom parent: TelemetrySession) {
        self.runtimeID = runtimeID
        parentID = parent.runtimeID
        rootID = parent.rootID
    }

    /// Whether it was forked: only a process that was started reports its start and its end.
    public var isForked: Bool { parentID != nil }

    /// The fields that name it.
    var headers: [HTTPHeader] {
        var headers = [HTTPHeader("DD-Session-ID", runtimeID)]
        if rootID != runtimeID { headers.append(HTTPHeader("DD-Root-Session-ID", rootID)) }
        if let parentID { headers.append(HTTPHeader("DD-Parent-Session-ID", parentID)) }
        return headers
    }
}
