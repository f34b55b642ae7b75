// JSONScanner: the tokens of RFC 8259, found in bytes.
//
// Owns the position in the text and the grammar of strings and literals, strictly and with UTF-8 checked; that of
// numbers is in JSONNumberScanner. It builds nothing and knows nothing of arrays and objects; that is JSONParser's
// part. Every load compares with the count first, so no input can make it read outside the text.

/// Why a JSON text was refused, before line, column and path have been worked out.
struct JSONFault: Error {
    /// The kind of error.
    var code: ConfigError.Code
    /// One sentence.
    var message: String
    /// Where: bytes before it.
    var offset: Int

    /// A fault at `offset`; a breach of the grammar unless said otherwise.
    init(_ message: String, at offset: Int, code: ConfigError.Code = .syntax) {
        self.code = code
        self.message = message
        self.offset = offset
    }
}

/// A position in a JSON text that moves over one token at a time.
struct JSONScanner {
    /// The text. Valid while the parser runs.
    let text: UnsafeRawBufferPointer
    /// The next byte's offset; never more than `text.count`.
    private(set) var position = 0

    /// A scanner at the beginning of `text`.
    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// Whether everything has been read.
    var isAtEnd: Bool { position == text.count }

    /// The next byte, or 0, which no token begins with, at the end.
    var byte: UInt8 { position < text.count ? text[position] : 0 }

    /// The byte at an offset, or 0 outside the text.
    func byte(at offset: Int) -> UInt8 { offset < text.count ? text[offset] : 0 }

    /// Moves over one byte that `byte` has shown.
    mutating func skip() { if position < text.count { position += 1 } }

    /// Moves over `wanted` if it comes next.
    mutating func take(_ wanted: Unicode.Scalar) -> Bool {
        guard position < text.count, text[position] == UInt8(ascii: wanted) else { return false }
        position += 1
        return true
    }

    /// Moves over spaces, tabs and line ends.
    mutating func skipWhitespace() {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// Moves over exactly `word`, which must come next.
    mutating func literal(_ word: StaticString) throws(JSONFault) {
        let start = position
        for index in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[index] else {
                throw JSONFault("a value is expected; only true, false and null are written without quotes", at: start)
            }
            skip()
        }
    }
}

// MARK: Strings

extension JSONScanner {
    /// Moves over a string whose opening quote comes next; tells whether it has escapes.
    mutating func string() throws(JSONFault) -> Bool {
        let start = position
        var hasEscapes = false
        skip()
        while true {
            skipPlainText()
            let next = byte
            switch next {
            case UInt8(ascii: "\""):
                skip()
                return hasEscapes
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try escape()
            case 0x80...:
                try multibyteScalar()
            default:
                if isAtEnd { throw JSONFault("the string that begins here has no end", at: start) }
                throw JSONFault("a control character in a string must be escaped", at: position)
            }
        }
    }

    /// Moves over ASCII that means itself, eight bytes at a time while it lasts.
    private mutating func skipPlainText() {
        while position + 8 <= text.count, Self.isPlain(text.loadUnaligned(fromByteOffset: position, as: UInt64.self)) {
            position += 8
        }
        while position < text.count {
            let next = text[position]
            guard next >= 0x20, next < 0x80, next != UInt8(ascii: "\""), next != UInt8(ascii: "\\") else { return }
            position += 1
        }
    }

    /// Whether none of the eight bytes is a quote, a backslash, a control character or beyond ASCII. A byte's high bit
    /// is set by the subtraction when the byte is less than what is subtracted; a borrow can only follow such a byte.
    @inline(__always)
    private static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = (word ^ (ones &* 0x22)) &- ones
        let backslashes = (word ^ (ones &* 0x5C)) &- ones
        let controls = word &- (ones &* 0x20)
        return (word | quotes | backslashes | controls) & (ones &* 0x80) == 0
    }

    /// Moves over an escape whose backslash comes next.
    private mutating func escape() throws(JSONFault) {
        let start = position
        skip()
        switch byte {
        case UInt8(ascii: "u"):
            try unicodeEscape(from: start)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            skip()
        default:
            throw JSONFault("this escape is unknown; there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX", at: start)
        }
    }

    /// Moves over `uXXXX`, and over a second escape where the first is the high half of a surrogate pair.
    private mutating func unicodeEscape(from start: Int) throws(JSONFault) {
        let unit = try hexUnit(from: start)
        if (0xDC00..<0xE000).contains(unit) {
            throw JSONFault("a low surrogate must follow a high one", at: start)
        }
        guard (0xD800..<0xDC00).contains(unit) else { return }
        guard byte == UInt8(ascii: "\\"), byte(at: position + 1) == UInt8(ascii: "u") else {
            throw JSONFault("a high surrogate must be followed by a low one", at: start)
        }
        skip()
        guard (0xDC00..<0xE000).contains(try hexUnit(from: start)) else {
            throw JSONFault("a high surrogate must be followed by a low one", at: start)
        }
    }

    /// Moves over `u` and four hexadecimal digits.
    private mutating func hexUnit(from start: Int) throws(JSONFault) -> UInt32 {
        skip()
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = JSONText.hexDigit(byte) else {
                throw JSONFault("\\u must be followed by four hexadecimal digits", at: start)
            }
            unit = unit << 4 | digit
            skip()
        }
        return unit
    }

    /// Moves over one scalar of two to four bytes; table 3-7 of the Unicode standard.
    private mutating func multibyteScalar() throws(JSONFault) {
        let start = position
        let second: ClosedRange<UInt8>
        let count: Int
        switch byte {
        case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
        case 0xE0: (count, second) = (3, 0xA0...0xBF)
        case 0xED: (count, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (count, second) = (3, 0x80...0xBF)
        case 0xF0: (count, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
        case 0xF4: (count, second) = (4, 0x80...0x8F)
        default: throw JSONFault("the text is not valid UTF-8", at: start)
        }
        skip()
        guard second.contains(byte) else { throw JSONFault("the text is not valid UTF-8", at: start) }
        skip()
        for _ in 2..<count {
            guard byte & 0xC0 == 0x80 else { throw JSONFault("the text is not valid UTF-8", at: start) }
            skip()
        }
    }
}
