// TelemetryEnvelope: what is the same in every request of a process.
//
// Owns the fields and the body around events. The program and the machine are written once. Neighbours: TelemetryState
// numbers requests.

internal import GraftConfig
internal import GraftRemoteConfig

/// The way that requests of one process look.
struct TelemetryEnvelope: Sendable {
    /// Where an agent takes telemetry.
    static let path = "/telemetry/proxy/api/v2/apmtelemetry"
    /// The version of the wire.
    static let version = "v2"
    /// The most bytes of a body that are neither events nor what `size` counts.
    private static let overhead = 256

    /// Which process speaks.
    private let session: TelemetrySession
    /// The language and the version of the library, and whether requests are kept for a closer look.
    private let headers: [HTTPHeader]
    /// `"application":…,"host":…,`.
    private let description: [UInt8]

    /// Requests of this program on this machine.
    init(session: TelemetrySession, application: TelemetryApplication, host: TelemetryHost, isDebug: Bool) {
        self.session = session
        var headers = isDebug ? [HTTPHeader("DD-Telemetry-Debug-Enabled", "true")] : []
        headers.append(HTTPHeader("DD-Telemetry-API-Version", Self.version))
        headers.append(HTTPHeader("DD-Client-Library-Language", application.languageName))
        headers.append(HTTPHeader("DD-Client-Library-Version", application.tracerVersion))
        self.headers = headers
        var bytes = Array("\"application\":".utf8)
        bytes += JSONWriter.bytes(application.json)
        bytes += ",\"host\":".utf8
        bytes += JSONWriter.bytes(host.json)
        bytes.append(UInt8(ascii: ","))
        description = bytes
    }

    /// The same for a child of the process.
    init(_ other: TelemetryEnvelope, session: TelemetrySession) {
        self.session = session
        headers = other.headers
        description = other.description
    }

    /// The most bytes of a body beside its events.
    var size: Int { description.count + Self.overhead }

    /// A request with these events, of which there is at least one.
    func request(_ events: [PackedEvent], sequence: UInt64, time: Int64) -> HTTPRequest {
        let single = events.count == 1 ? events.first : nil
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size + events.reduce(0) { $0 + ($1.payload?.count ?? 0) + 80 })
        bytes += "{\"api_version\":\"\(Self.version)\",\"tracer_time\":\(time),\"runtime_id\":".utf8
        bytes += JSONWriter.bytes(.string(session.runtimeID))
        bytes += ",\"seq_id\":\(sequence),".utf8
        bytes += description
        if let single {
            single.append(to: &bytes)
        } else {
            bytes += "\"request_type\":\"\(TelemetryEvent.messageBatch.rawValue)\",\"payload\":[".utf8
            for (index, event) in events.enumerated() {
                bytes += (index == 0 ? "{" : ",{").utf8
                event.append(to: &bytes)
                bytes.append(UInt8(ascii: "}"))
            }
            bytes.append(UInt8(ascii: "]"))
        }
        bytes.append(UInt8(ascii: "}"))
        let type = HTTPHeader("DD-Telemetry-Request-Type", (single?.event ?? .messageBatch).rawValue)
        return HTTPRequest(
            method: "POST", path: Self.path, headers: headers + [type] + session.headers, body: bytes)
    }
}
