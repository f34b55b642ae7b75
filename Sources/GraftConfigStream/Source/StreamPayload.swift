// StreamPayload: a value as the bytes of a payload.
//
// Owns the rule by which a value becomes JSON, and its limits: those of every payload. Neighbours: StreamSourceState.

internal import GraftConfig

/// Makes payloads.
enum StreamPayload {
    /// The bytes of a value.
    ///
    /// - Throws: `syntax` and the like, with the place in the text, for a text that begins like an object or a list and is not
    ///   JSON; `limit` for a value past the limits of payloads.
    static func bytes(of value: StreamValue) throws(ConfigError) -> [UInt8] {
        guard case .string(let text) = value else {
            let bytes = Array(value.json.utf8)
            // Well formed it is; it may be too deep or too large for who reads it.
            _ = try JSONDocument.parse(bytes)
            return bytes
        }
        do throws(ConfigError) {
            _ = try JSONDocument.parse(text)
            return Array(text.utf8)
        } catch {
            switch text.utf8.first(where: { $0 > UInt8(ascii: " ") }) {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                throw error
            default:
                // A plain text; past the limit of bytes it is refused as one too.
                let bytes = Array(value.json.utf8)
                _ = try JSONDocument.parse(bytes)
                return bytes
            }
        }
    }
}
