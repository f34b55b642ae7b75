// ConfigStreamSnapshot: what was in force at one moment, to be looked up by swift-configuration's keys.
//
// Owns the look-up: which setting a key means, and whether its value is a secret. Neighbours: StreamPath finds the setting,
// ValueConversion gives it a type.
#if ConfigStream

    public import Configuration
    public import GraftConfigStream

    /// What was in force at one moment. Keeping it keeps the memory of that moment's settings.
    ///
    /// ```swift
    /// if let moment = provider.snapshot() as? ConfigStreamSnapshot {
    ///     logger.info("configured", metadata: ["sequence": "\(moment.position.sequence)"])
    /// }
    /// ```
    public struct ConfigStreamSnapshot: ConfigSnapshot {
        /// The settings of that moment, with every getter of the stream's own reader.
        public let reader: StreamReader
        /// The provider's name.
        public let providerName: String
        /// What the provider was told.
        let options: ConfigStreamProvider.Options

        /// Where in the history of what was received the moment is.
        public var position: StreamPosition { reader.position }

        /// The value that was in force.
        ///
        /// - Throws: `ConfigStreamProviderError`: `notConvertible`; `notReady`, if the provider's options say so.
        public func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
            try lookup(StreamPath(key), type).get()
        }

        /// The value that was in force at a path, or why there is none.
        func lookup(_ path: StreamPath, _ type: ConfigType) -> Result<LookupResult, ConfigStreamProviderError> {
            if options.whenNotReady == .fail, !reader.hasConfiguration {
                let message = "there is no configuration yet: \(providerName) has received no snapshot"
                return .failure(ConfigStreamProviderError(.notReady, message))
            }
            var result = LookupResult(encodedKey: path.name, value: nil)
            guard let found = path.find(in: reader, sources: options.sources) else { return .success(result) }
            let conversion = ValueConversion(mode: options.conversion, bytesDecoder: options.bytesDecoder)
            switch conversion.content(of: found.value, as: type) {
            case .failure(let mismatch):
                let message = "the value of \(path.name), set by \(found.source), is \(mismatch.kind), not \(type)"
                return .failure(ConfigStreamProviderError(.notConvertible, message))
            case .success(let content):
                let isSecret = found.source == .secret || options.secrets.isSecret(key: path.name, value: found.value)
                result.value = content.map { ConfigValue($0, isSecret: isSecret) }
                return .success(result)
            }
        }
    }

#endif
