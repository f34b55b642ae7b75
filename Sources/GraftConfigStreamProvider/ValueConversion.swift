// ValueConversion: a value of the stream as one of swift-configuration's types.
//
// Owns which value has which type, strictly and leniently. Neighbours: ConfigStreamSnapshot, StreamNumber narrows leniently.
#if ConfigStream

    internal import Configuration
    internal import GraftConfigStream

    /// Makes values of one type out of values of the stream.
    struct ValueConversion {
        /// A value is not of the type that was asked for.
        struct Mismatch: Error {
            /// What it is, in words, without its content.
            let kind: String
        }

        /// How far it goes.
        let mode: ConfigStreamProvider.Options.Conversion
        /// Reads bytes out of texts.
        let bytesDecoder: any ConfigBytesFromStringDecoder

        /// A value as a type; nil for a map, which is a section and not a value.
        func content(of value: StreamValue, as type: ConfigType) -> Result<ConfigContent?, Mismatch> {
            if case .map = value { return .success(nil) }
            let content: ConfigContent? =
                switch type {
                case .string: string(value).map { .string($0) }
                case .int: int(value).map { .int($0) }
                case .double: double(value).map { .double($0) }
                case .bool: bool(value).map { .bool($0) }
                case .bytes: bytes(value).map { .bytes($0) }
                case .stringArray: array(value, string).map { .stringArray($0) }
                case .intArray: array(value, int).map { .intArray($0) }
                case .doubleArray: array(value, double).map { .doubleArray($0) }
                case .boolArray: array(value, bool).map { .boolArray($0) }
                case .byteChunkArray: array(value, bytes).map { .byteChunkArray($0) }
                }
            return content.map { .success($0) } ?? .failure(Mismatch(kind: Self.kind(of: value)))
        }

        /// A text.
        private func string(_ value: StreamValue) -> String? {
            if case .string(let text) = value { return text }
            return mode == .lenient ? value.text : nil
        }

        /// A whole number that has all its digits.
        private func int(_ value: StreamValue) -> Int? {
            if mode == .lenient { return value.integer.map { Int($0) } }
            guard case .number(let number) = value, value.isExactInteger else { return nil }
            return Int(number)
        }

        /// A number.
        private func double(_ value: StreamValue) -> Double? {
            if mode == .lenient { return value.double }
            if case .number(let number) = value { return number }
            return nil
        }

        /// A truth value.
        private func bool(_ value: StreamValue) -> Bool? {
            switch value {
            case .bool(let bool): bool
            case .number(0) where mode == .lenient: false
            case .number(1) where mode == .lenient: true
            default: mode == .lenient ? value.boolean : nil
            }
        }

        /// Bytes, out of a text.
        private func bytes(_ value: StreamValue) -> [UInt8]? {
            if case .string(let text) = value { return bytesDecoder.decode(text) }
            return nil
        }

        /// An array whose elements are all of one type.
        private func array<Element>(_ value: StreamValue, _ element: (StreamValue) -> Element?) -> [Element]? {
            switch value {
            case .list(let values):
                let elements = values.compactMap(element)
                return elements.count == values.count ? elements : nil
            case .string where mode == .lenient: return element(value).map { [$0] }
            default: return nil
            }
        }

        /// What a value is, in words.
        private static func kind(of value: StreamValue) -> String {
            switch value {
            case .null: "nothing"
            case .bool: "a truth value"
            case .number where value.isExactInteger: "a whole number"
            case .number(let number) where number.rounded(.towardZero) == number && number.isFinite:
                "a whole number beyond 2^53, which may have lost digits"
            case .number: "a number with a fraction"
            case .string: "a text"
            case .list(let values): "a list of \(values.count)"
            case .map: "a map"
            }
        }
    }

#endif
