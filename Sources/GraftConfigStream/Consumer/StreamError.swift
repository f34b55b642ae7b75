// StreamError: what a consumer refuses, and why.
//
// Owns the one error of the consumer's own calls; how a call to a core agent failed is StreamFailure. Neighbours:
// ConfigStreamConsumer.

/// What a consumer refuses, and why.
public struct StreamError: Error, Sendable, Hashable {
    /// The kind of error; open.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// A name that is stable across releases.
        public let name: String

        /// A code of this name.
        public init(_ name: String) { self.name = name }

        /// The name.
        public var description: String { name }

        /// There was no snapshot in time.
        public static let notReady = Code("not-ready")
        /// The consumer has ended.
        public static let ended = Code("ended")
        /// `run()` was called before.
        public static let alreadyRun = Code("already-run")
        /// A setting of the consumer cannot be used.
        public static let setting = Code("setting")
        /// The core has no memory left for it.
        public static let resources = Code("resources")
        /// The file of the last configuration cannot be used.
        public static let cache = Code("cache")
    }

    /// The kind of error.
    public var code: Code
    /// One sentence, without a final full stop.
    public var message: String

    /// An error with these parts.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension StreamError: CustomStringConvertible {
    /// The sentence.
    public var description: String { message }
}
