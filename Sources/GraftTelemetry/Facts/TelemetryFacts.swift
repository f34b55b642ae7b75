// TelemetryFacts: what there is to tell, all of it, now.
//
// Owns the value that whoever knows the facts hands over. It need not know what was told before: TelemetryState does.

public import GraftProducts

/// Everything that there is to tell now.
public struct TelemetryFacts: Sendable, Hashable {
    /// The packages in use, with all that is known of their advisories.
    public var dependencies: [TelemetryDependency]
    /// The products.
    public var products: [TelemetryProduct]
    /// The settings in force, each with where it comes from.
    public var configuration: [ConfigurationEntry]
    /// The metrics, as totals and as they are now.
    public var metrics: [TelemetryMetric]

    /// These facts.
    public init(
        dependencies: [TelemetryDependency] = [], products: [TelemetryProduct] = [],
        configuration: [ConfigurationEntry] = [], metrics: [TelemetryMetric] = []
    ) {
        self.dependencies = dependencies
        self.products = products
        self.configuration = configuration
        self.metrics = metrics
    }
}
