// ProviderOptions: what a provider is told when it is made.
//
// Owns the choices that a stream leaves open, and their defaults. Neighbours: ConfigStreamProvider.
#if ConfigStream

    public import Configuration
    public import GraftConfigStream
    public import Logging

    extension ConfigStreamProvider {
        /// What a provider is told when it is made.
        ///
        /// ```swift
        /// var options = ConfigStreamProvider.Options()
        /// options.whenNotReady = .fail
        /// options.secrets = .dynamic { key, _ in key.hasSuffix("api_key") }
        /// ```
        public struct Options: Sendable {
            /// What a look-up gives as long as there is no configuration at all.
            public enum NotReadyPolicy: Sendable, Hashable {
                /// Nothing, so that the next provider is asked.
                case absent
                /// A `ConfigStreamProviderError` of code `notReady`, so that nobody goes on with another provider's value.
                case fail
            }

            /// What `fetchValue` gives when the stream is not live in time.
            public enum OfflinePolicy: Sendable, Hashable {
                /// A `ConfigStreamProviderError` of code `stale`, or `notReady` when there is no configuration at all.
                case fail
                /// What was last known.
                case lastKnown
            }

            /// How a value becomes one of the type that is asked for.
            public enum Conversion: Sendable, Hashable {
                /// A value has one type, and the two that are asked of numbers; anything else is an error.
                case strict
                /// As the getters of `StreamReader` do: any value but a map as a text, texts as numbers and truth values, numbers
                /// without their fraction as whole ones, 0 and 1 as truth values, a text as a list of one. What
                /// even they would give a zero for is an error.
                case lenient
            }

            /// Which sources of the core agent a provider speaks for, so that two providers can stand above and below another
            /// one in the order of a `ConfigReader`.
            ///
            /// ```swift
            /// let config = ConfigReader(providers: [
            ///     ConfigStreamProvider(consumer, options: .init(sources: .strongerThan(.environmentVariable))),
            ///     EnvironmentVariablesProvider(),
            ///     ConfigStreamProvider(consumer, options: .init(sources: .atMost(.environmentVariable))),
            /// ])
            /// ```
            public enum Sources: Sendable, Hashable {
                /// All: the core agent's own order decides.
                case all
                /// Those that win against this one.
                case strongerThan(StreamSource)
                /// This one, those of its rank and those that it wins against.
                case atMost(StreamSource)

                /// Whether a source is one of them.
                func contains(_ source: StreamSource) -> Bool {
                    switch self {
                    case .all: true
                    case .strongerThan(let limit): source.rank > limit.rank
                    case .atMost(let limit): source.rank <= limit.rank
                    }
                }
            }

            /// The provider's name; nil makes one of the client's name.
            public var name: String?
            /// Which sources it speaks for.
            public var sources: Sources
            /// What a look-up gives as long as there is no configuration.
            public var whenNotReady: NotReadyPolicy
            /// What `fetchValue` gives when the stream is not live in time.
            public var whenOffline: OfflinePolicy
            /// How long `fetchValue` waits for the stream to be live.
            public var fetchTimeout: Duration
            /// How a value becomes one of the type that is asked for.
            public var conversion: Conversion
            /// Reads bytes out of texts.
            public var bytesDecoder: any ConfigBytesFromStringDecoder
            /// Which values are secrets, besides those that come from the core agent's store of secrets: by the key, its components
            /// joined with dots in lower case, and the value.
            public var secrets: SecretsSpecifier<String, StreamValue>

            /// Where `run()` logs the consumer's states and failures; nil logs nothing.
            public var logger: Logger?

            /// The usual choices, for these sources.
            public init(sources: Sources = .all) {
                self.sources = sources
                whenNotReady = .absent
                whenOffline = .fail
                fetchTimeout = .seconds(5)
                conversion = .strict
                bytesDecoder = .base64
                secrets = .none
            }
        }
    }

#endif
