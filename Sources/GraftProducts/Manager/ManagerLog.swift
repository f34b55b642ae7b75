// ManagerLog: what the manager says while it works, as values.
//
// Owns the lines' shape. Where they go is the closure's business: the library's log, a logger, a test's list.

/// One line of the manager's log.
public struct ProductLogLine: Sendable, Hashable, CustomStringConvertible {
    /// How much a line matters.
    public enum Level: String, Sendable, Hashable, Comparable {
        /// Something went as it should.
        case debug
        /// Something works, but not as well as it should.
        case warning
        /// A product does not do what it is there for.
        case error

        /// Whether the first matters less.
        public static func < (first: Level, second: Level) -> Bool { first.weight < second.weight }

        /// The order.
        private var weight: Int {
            switch self {
            case .debug: 0;
            case .warning: 1;
            case .error: 2
            }
        }
    }

    /// How much it matters.
    public var level: Level
    /// Whom it is about; nil for the manager.
    public var product: String?
    /// What happened, without the product's name.
    public var message: String

    /// A line with these parts.
    public init(_ level: Level, _ product: String? = nil, _ message: String) {
        self.level = level
        self.product = product
        self.message = message
    }

    /// `products: NAME: message`.
    public var description: String {
        (["products", product, message] as [String?]).compactMap(\.self).joined(separator: ": ")
    }
}
