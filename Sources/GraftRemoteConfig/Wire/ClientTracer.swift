// ClientTracer: who this program says that it is.
//
// Owns the values that a host of this library knows about itself. The agent matches configurations by them.

/// The program, as requests describe it.
public struct ClientTracer: Sendable, Hashable {
    /// The identifier of this run; never equal to the client's.
    public var runtimeID: String
    /// The language: `swift`.
    public var language: String
    /// The version of this library, by Semantic Versioning.
    public var tracerVersion: String
    /// The service.
    public var service: String
    /// Other services that the program has spoken for.
    public var extraServices: [String] = []
    /// The environment: `prod`.
    public var environment: String
    /// The program's version.
    public var appVersion: String
    /// Further tags, as `key:value`.
    public var tags: [String] = []
    /// Tags of the process, as `key:value`; left out when there is none.
    public var processTags: [String] = []

    /// A program with these parts; the lists are empty.
    public init(
        runtimeID: String, language: String = "swift", tracerVersion: String, service: String = "",
        environment: String = "", appVersion: String = ""
    ) {
        self.runtimeID = runtimeID
        self.language = language
        self.tracerVersion = tracerVersion
        self.service = service
        self.environment = environment
        self.appVersion = appVersion
    }

    /// Writes what a request says.
    func write(to writer: inout RequestWriter) {
        writer.object { writer in
            writer.key("runtime_id")
            writer.text(runtimeID)
            writer.key("language")
            writer.text(language)
            writer.key("tracer_version")
            writer.text(tracerVersion)
            writer.key("service")
            writer.text(service)
            writer.key("extra_services")
            writer.array(extraServices)
            writer.key("env")
            writer.text(environment)
            writer.key("app_version")
            writer.text(appVersion)
            writer.key("tags")
            writer.array(tags)
            guard !processTags.isEmpty else { return }
            writer.key("process_tags")
            writer.array(processTags)
        }
    }
}
