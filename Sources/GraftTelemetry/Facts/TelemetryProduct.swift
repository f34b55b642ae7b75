// TelemetryProduct: a part of the library that is on or off.

internal import GraftConfig

/// A product, as telemetry reports it.
public struct TelemetryProduct: Sendable, Hashable {
    /// Its name on the wire: `sca`, `remote_configuration`.
    public var name: String
    /// Whether it is on.
    public var isEnabled: Bool
    /// Its version.
    public var version: String
    /// Why it is not as it should be; nil when it is.
    public var error: String?

    /// A product. A dash in its name becomes an underscore, as everywhere on the wire.
    public init(name: String, isEnabled: Bool, version: String, error: String? = nil) {
        self.name = WireText.bounded(String(name.map { $0 == "-" ? "_" : $0 }))
        self.isEnabled = isEnabled
        self.version = WireText.bounded(version)
        self.error = error.map { WireText.bounded($0) }
    }

    /// The value that an event carries under the product's name.
    var json: JSONValue {
        let failure: JSONValue = error.map { ["code": 1, "message": .string($0)] } ?? .null
        return ["enabled": .bool(isEnabled), "version": .string(version), "error": failure]
    }
}
