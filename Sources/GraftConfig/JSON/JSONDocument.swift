// JSONDocument: a JSON text that has been read.
//
// Owns the text and its tape, both immutable: a value that may be shared between threads. It never writes; JSONWriter
// does. Neighbours: JSONParser makes it, JSONNode looks into it.

/// A JSON text that has been read, strictly by RFC 8259, in which every value knows its place.
///
/// ```swift
/// let document = try JSONDocument.parse(bytes)
/// guard let targets = document.root["targets"]?.elements else { throw document.root.error("targets are missing") }
/// for target in targets {
///     guard let text = target.string else { throw target.error("a target must be text") }
/// }
/// ```
///
/// Beyond the grammar: the text is UTF-8 without a byte order mark, a key stands once in its object, surrogates come in
/// pairs, numbers are finite, and nothing passes the limits. Any JSON value may be the root.
public struct JSONDocument: Sendable {
    /// The text.
    let bytes: [UInt8]
    /// What has been read of it.
    let tape: [JSONTapeNode]

    /// Reads `bytes`. Takes 16 bytes of memory for each value, and keeps `bytes`.
    ///
    /// - Throws: an error with offset, line, column and path.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(ConfigError) -> JSONDocument {
        precondition(limits.bytes <= Int(UInt32.max), "offsets have 32 bits")
        let result: Result<[JSONTapeNode], ConfigError> = bytes.withUnsafeBytes { text in
            var parser = JSONParser(text, limits: limits)
            do throws(JSONFault) {
                try parser.run()
                return .success(parser.tape)
            } catch {
                let place = JSONPlace(offset: error.offset, in: bytes, path: parser.path(in: bytes))
                return .failure(ConfigError(error.code, error.message, place: place))
            }
        }
        return JSONDocument(bytes: bytes, tape: try result.get())
    }

    /// Reads the UTF-8 of `text`.
    public static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(ConfigError) -> JSONDocument {
        try parse(Array(text.utf8), limits: limits)
    }

    /// The value that the text is.
    public var root: JSONNode { JSONNode(document: self, index: 0) }
}
