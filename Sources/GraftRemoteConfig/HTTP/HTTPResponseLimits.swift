// HTTPResponseLimits: how much an answer may ask of its reader.
//
// Owns the named limits. Each is checked as the bytes come, before they are kept, so that an agent that never stops costs
// no more memory than the limit. Neighbour: HTTPResponseParser.

/// How much an answer may ask of its reader. Past any of these it is refused whole.
public struct HTTPResponseLimits: Sendable, Hashable {
    /// The most bytes of all lines together: status, fields, those of interim answers and trailers included.
    public static let maximumHeadBytes = 64 << 10
    /// The most fields of a head.
    public static let maximumFields = 256
    /// The most bytes of a body, out of its chunks.
    public static let maximumBodyBytes = 64 << 20
    /// The most interim answers (1xx) before the answer.
    public static let maximumInterimAnswers = 8
    /// The most bytes of a line that says a chunk's size, its extensions and its end included.
    public static let maximumChunkLineBytes = 1 << 10

    /// The most bytes of all lines together.
    public var headBytes = maximumHeadBytes
    /// The most fields of a head.
    public var fields = maximumFields
    /// The most bytes of a body.
    public var bodyBytes = maximumBodyBytes
    /// The most interim answers before the answer.
    public var interimAnswers = maximumInterimAnswers
    /// The most bytes of a line that says a chunk's size.
    public var chunkLineBytes = maximumChunkLineBytes

    /// The limits for production.
    public init() {}
}
