// ConfigStreamProviderError: why a look-up has no answer.
//
// Owns the one error of the provider's own. It names keys, sources, states and kinds, never a value. Neighbours:
// ConfigStreamProvider.
#if ConfigStream

    public import GraftConfigStream

    /// Why a look-up has no answer. Never quotes a value.
    public struct ConfigStreamProviderError: Error, Sendable, Hashable {
        /// The kind of error; open.
        public struct Code: Sendable, Hashable, CustomStringConvertible {
            /// A name that is stable across releases.
            public let name: String

            /// A code of this name.
            public init(_ name: String) { self.name = name }

            /// The name.
            public var description: String { name }

            /// There is no configuration yet.
            public static let notReady = Code("not-ready")
            /// The configuration is what was last known, and the stream is not live.
            public static let stale = Code("stale")
            /// The value is of another type than the one that was asked for.
            public static let notConvertible = Code("not-convertible")
        }

        /// The kind of error.
        public var code: Code
        /// One sentence, without a final full stop.
        public var message: String
        /// Since when the configuration is not known to be fresh, for `stale`, when that is known.
        public var staleSince: WallTime?

        /// An error with these parts.
        public init(_ code: Code, _ message: String, staleSince: WallTime? = nil) {
            self.code = code
            self.message = message
            self.staleSince = staleSince
        }
    }

    extension ConfigStreamProviderError: CustomStringConvertible {
        /// The sentence.
        public var description: String { message }
    }

#endif
