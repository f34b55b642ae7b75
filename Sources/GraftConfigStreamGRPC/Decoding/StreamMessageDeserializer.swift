// StreamMessageDeserializer: the decoder of the stream's messages, as gRPC wants one.
//
// Owns what is said of bytes that are no message. Neighbours: MessageDecoder reads them; GRPCStreamConnection names it.
#if ConfigStream

    internal import GRPCCore
    internal import GraftConfigStream

    /// Reads the messages of a stream for gRPC.
    struct StreamMessageDeserializer: MessageDeserializer {
        /// The message in these bytes.
        ///
        /// - Throws: `StreamFailure` of code `internal`, as other implementations of gRPC say when a message is not
        ///   one.
        func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> StreamMessage {
            try serializedMessageBytes.withUnsafeBytes { bytes throws(StreamFailure) in
                do throws(WireError) {
                    return try MessageDecoder.message(bytes)
                } catch {
                    throw StreamFailure(
                        .internalError, "a message of \(bytes.count) bytes cannot be read: \(error.reason)")
                }
            }
        }
    }

    extension WireError {
        /// The error as the end of a sentence.
        var reason: String {
            switch self {
            case .cut: "it ends within a field"
            case .longVarint: "a number has more than ten bytes"
            case .tag: "a field's tag is none"
            case .text: "a text is not UTF-8"
            case .deep: "something in it is nested deeper than \(ValueDecoder.depthMax)"
            }
        }
    }

#endif
