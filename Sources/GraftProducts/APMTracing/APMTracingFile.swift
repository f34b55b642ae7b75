// APMTracingFile: one configuration of APM_TRACING: whom it is for, how much it matters, what it says.
//
// Owns the envelope's fields, the matching and the priority. Pure. Neighbours: LibraryConfigReader reads the inner part,
// APMTracingState holds the files.

internal import GraftConfig

/// Who this process is, as far as configurations are meant for somebody.
public struct APMIdentity: Sendable, Hashable {
    /// The service; empty when it is not known.
    public var service: String
    /// The environment; empty when it is not known.
    public var env: String

    /// An identity.
    public init(service: String = "", env: String = "") {
        self.service = service
        self.env = env
    }
}

/// One configuration.
struct APMTracingFile: Sendable, Hashable {
    /// The service that it is for; nil for all.
    var service: String?
    /// The environment that it is for; nil for all.
    var env: String?
    /// Whether it names a cluster. Which one this process is in only the agent knows, which has chosen the file.
    var hasCluster = false
    /// What it says.
    var config = LibraryConfig()
    /// What was left out of it.
    var warnings: [String] = []

    /// Reads a file. Fields that are not needed, `id` and `action` among them, are not looked at.
    init(_ value: JSONValue) throws(ProductError) {
        guard let object = value.object else {
            throw ProductError(.payload, "an object is expected, not \(value.kind.noun)")
        }
        let target = try Self.object(object, "service_target")
        service = try Self.specific(target, "service")
        env = try Self.specific(target, "env")
        hasCluster = Self.namesCluster(try Self.object(object, "k8s_target_v2"))
        let reader = try LibraryConfigReader(try Self.object(object, "lib_config"))
        (config, warnings) = (reader.config, reader.warnings)
    }

    /// How much it matters; the more particular, the more: service before environment before cluster.
    var priority: Int { (service == nil ? 0 : 4) + (env == nil ? 0 : 2) + (hasCluster ? 1 : 0) }

    /// Whether it is meant for this process, whatever the case of the letters. The agent knows an environment where the
    /// process does not: then the file's is taken to be right.
    func matches(_ identity: APMIdentity) -> Bool {
        let isService = service.map { $0.lowercased() == identity.service.lowercased() } ?? true
        let isEnv = env.map { identity.env.isEmpty || $0.lowercased() == identity.env.lowercased() } ?? true
        return isService && isEnv
    }

    /// A member that is an object; empty when it is absent or `null`.
    private static func object(_ object: JSONObject, _ name: String) throws(ProductError) -> JSONObject {
        guard let value = object[name], value != .null else { return JSONObject() }
        guard let inner = value.object else {
            throw ProductError(.payload, "\(name): an object is expected, not \(value.kind.noun)")
        }
        return inner
    }

    /// A name that means somebody in particular; nil when it is absent, `null`, empty or `*`.
    private static func specific(_ target: JSONObject, _ name: String) throws(ProductError) -> String? {
        guard let value = target[name], value != .null else { return nil }
        guard let text = value.string else {
            throw ProductError(.payload, "service_target.\(name): a string is expected, not \(value.kind.noun)")
        }
        return text.isEmpty || text == "*" ? nil : text
    }

    /// Whether a cluster in particular is named.
    private static func namesCluster(_ target: JSONObject) -> Bool {
        (target["cluster_targets"]?.array ?? []).contains { cluster in
            cluster["cluster_name"]?.string.map { !$0.isEmpty && $0 != "*" } ?? false
        }
    }
}
