// ClientTracer: who this program says that it is.
//
// Owns the values that a host of this library knows about itself. The agent matches configurations by them.

public import GraftConfig

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

    /// The value that a request carries.
    public var json: JSONValue {
        var object = JSONObject()
        object["runtime_id"] = .string(runtimeID)
        object["language"] = .string(language)
        object["tracer_version"] = .string(tracerVersion)
        object["service"] = .string(service)
        object["extra_services"] = .array(extraServices.map(JSONValue.string))
        object["env"] = .string(environment)
        object["app_version"] = .string(appVersion)
        object["tags"] = .array(tags.map(JSONValue.string))
        if !processTags.isEmpty { object["process_tags"] = .array(processTags.map(JSONValue.string)) }
        return .object(object)
    }
}
