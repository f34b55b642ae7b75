// TelemetryApplication: the program, as every request describes it.
//
// Owns the values and their form. They are those by which Remote Configuration knows the program, so that the back end
// takes both for one. Neighbours: TelemetryHost is where it runs.

public import GraftRemoteConfig
internal import GraftConfig

/// The program that telemetry speaks for.
public struct TelemetryApplication: Sendable, Hashable {
    /// What a program is called that has no name.
    public static let unnamedService = "unnamed-native-service"

    /// The service; never empty.
    public var serviceName: String
    /// The environment: `prod`.
    public var environment: String
    /// The program's version.
    public var serviceVersion: String
    /// The version of this library.
    public var tracerVersion: String
    /// The language, as this library's requests for configuration give it.
    public var languageName: String
    /// The version of the language.
    public var languageVersion: String
    /// What runs the program; nil for a program of machine code.
    public var runtimeName: String?
    /// The version of what runs it.
    public var runtimeVersion: String?
    /// Tags of the process, as `key:value`.
    public var processTags: [String]

    /// The program that asks for configuration as `tracer`. `languageVersion` is by default that of the compiler.
    public init(tracer: ClientTracer, languageVersion: String = Self.compiledLanguageVersion) {
        serviceName = tracer.service.isEmpty ? Self.unnamedService : tracer.service
        environment = tracer.environment
        serviceVersion = tracer.appVersion
        tracerVersion = tracer.tracerVersion
        languageName = tracer.language
        self.languageVersion = languageVersion
        processTags = tracer.processTags
    }

    /// The version of the language that this library was compiled as.
    public static var compiledLanguageVersion: String {
        #if swift(>=6.3)
            "6.3"
        #elseif swift(>=6.2)
            "6.2"
        #else
            "6.1"
        #endif
    }

    /// The value that a request carries.
    var json: JSONValue {
        var object = JSONObject()
        func set(_ key: String, _ text: String) { object.members.append(.init(key: key, value: .string(text))) }
        set("service_name", WireText.bounded(serviceName))
        set("service_version", WireText.bounded(serviceVersion))
        set("env", WireText.bounded(environment))
        set("language_name", WireText.bounded(languageName))
        set("language_version", WireText.bounded(languageVersion))
        set("tracer_version", WireText.bounded(tracerVersion))
        if let runtimeName { set("runtime_name", WireText.bounded(runtimeName)) }
        if let runtimeVersion { set("runtime_version", WireText.bounded(runtimeVersion)) }
        if !processTags.isEmpty { set("process_tags", WireText.bounded(processTags.joined(separator: ","))) }
        return .object(object)
    }
}
