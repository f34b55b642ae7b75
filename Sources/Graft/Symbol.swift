// Symbol.swift: where an address lies in the source, as a value.

/// Where an address lies in the source.
public struct Symbol: Hashable, Sendable {
    /// The path of the image.
    public var image: String
    /// The demangled name of the function; empty when unknown.
    public var symbol: String
    /// Bytes from the symbol's start, or from the image's when there is no symbol.
    public var offset: UInt64
    /// The source file; empty when unknown.
    public var file: String
    /// The line; 0 when unknown.
    public var line: Int

    /// A place with these parts.
    public init(image: String, symbol: String, offset: UInt64, file: String = "", line: Int = 0) {
        self.image = image
        self.symbol = symbol
        self.offset = offset
        self.file = file
        self.line = line
    }
}
