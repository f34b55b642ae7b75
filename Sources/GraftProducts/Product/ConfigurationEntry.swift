// ConfigurationEntry: one setting, as configuration telemetry reports it.
//
// Owns the vocabulary: name, value, origin. Who sends it, and when, is the telemetry's business.

public import GraftConfig

/// One setting of a product and where its value comes from.
public struct ConfigurationEntry: Sendable, Hashable {
    /// Where a value comes from; open, since the telemetry that takes it may know more.
    public struct Origin: Sendable, Hashable, CustomStringConvertible {
        /// The name on the wire.
        public let name: String

        /// An origin of the caller's own.
        public init(_ name: String) { self.name = name }

        /// The name.
        public var description: String { name }

        /// Nobody has set it.
        public static let byDefault = Origin("default")
        /// A variable of the environment.
        public static let environment = Origin("env_var")
        /// The program.
        public static let code = Origin("code")
        /// A local file.
        public static let localFile = Origin("local_stable_config")
        /// Remote Configuration.
        public static let remote = Origin("remote_config")
    }

    /// The setting: `DD_APPSEC_SCA_ENABLED`.
    public var name: String
    /// Its value; `null` for none.
    public var value: JSONValue
    /// Where the value comes from.
    public var origin: Origin

    /// A setting with these parts.
    public init(name: String, value: JSONValue, origin: Origin) {
        self.name = name
        self.value = value
        self.origin = origin
    }
}
