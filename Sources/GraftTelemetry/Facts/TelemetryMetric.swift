// TelemetryMetric: a number that telemetry reports.
//
// Owns the value. A count is given as its total: what goes out is what it has grown by since the last request that was
// accepted. Neighbours: MetricBook works that out.

/// A number with its name.
public struct TelemetryMetric: Sendable, Hashable {
    /// What sort of number it is.
    public enum Value: Sendable, Hashable {
        /// How often something has happened since the start. A total that is less than before counts from 0 again.
        case count(total: UInt64)
        /// How much there is of something now.
        case gauge(Double)
    }

    /// Its name, without the namespace: `sca.detections`.
    public var name: String
    /// What it is about, as `key:value`.
    public var tags: [String]
    /// The number.
    public var value: Value

    /// A number.
    public init(_ name: String, _ value: Value, tags: [String] = []) {
        self.name = WireText.bounded(name)
        self.tags = tags.map { WireText.bounded($0) }
        self.value = value
    }
}
