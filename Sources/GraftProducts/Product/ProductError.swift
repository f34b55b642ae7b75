// ProductError: what the manager refuses, and of whom it speaks.
//
// Owns the one error type of this module. What a product throws is not wrapped in it: it becomes the text of that
// product's state. Neighbours: ProductManager throws it, ProductState shows states.

/// What the manager, or a file of APM_TRACING, is refused for.
public struct ProductError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of error; open, so that a new kind breaks no `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// A short name that is stable across releases, for reports.
        public let slug: String

        /// A code of the caller's own.
        public init(_ slug: String) { self.slug = slug }

        /// The slug.
        public var description: String { slug }

        /// Two products of one name.
        public static let duplicateName = Code("duplicate-name")
        /// A name is empty or too long.
        public static let badName = Code("bad-name")
        /// More products than `ProductLimits.products`.
        public static let limit = Code("limit")
        /// The manager has stopped.
        public static let stopped = Code("stopped")
        /// A call that waits for the manager, made by a product that the manager is calling.
        public static let inProduct = Code("in-product")
        /// A configuration is not of the shape that is expected.
        public static let payload = Code("payload")
        /// The system refused something.
        public static let system = Code("system")
    }

    /// The kind of error.
    public var code: Code
    /// One sentence, without a final full stop; `ProductLimits.messageBytes` at most.
    public var message: String

    /// An error with these parts.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = ProductLimits.bounded(message)
    }

    /// The message.
    public var description: String { message }
}
