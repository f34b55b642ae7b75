// CacheIdentity: whose configurations a cache holds.
//
// Owns the value. An agent gives each service in each environment configurations of its own.

/// A service in an environment. Compared as they are written.
public struct CacheIdentity: Sendable, Hashable, CustomStringConvertible {
    /// The service.
    public var service: String
    /// The environment.
    public var environment: String

    /// This service in this environment.
    public init(service: String, environment: String) {
        self.service = service
        self.environment = environment
    }

    /// `service "shop" in "prod"`, bounded.
    public var description: String { BoundedText.line("service \"\(service)\" in \"\(environment)\"") }
}
