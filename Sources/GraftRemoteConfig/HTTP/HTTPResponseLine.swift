// HTTPResponseLine: one line of an answer: what it says, or the place where it says nothing.
//
// Owns the grammar of the status line, of fields and of chunk sizes (RFC 9112). Strict: what two readers could read in two
// ways is refused, not guessed at. Neighbour: HTTPResponseParser cuts the lines and keeps what they say.

/// One line, without the CR LF at its end.
struct HTTPResponseLine {
    /// The line.
    let bytes: ArraySlice<UInt8>
    /// The place of its first byte in all that the agent sent.
    let offset: Int

    /// An error about the byte at `index` of `bytes`.
    func malformed(_ message: String, at index: Int) -> TransportError {
        TransportError(.malformed, message, offset: offset + index - bytes.startIndex)
    }

    // MARK: Status

    /// The status of a line such as `HTTP/1.1 200 OK`, and whether the agent speaks 1.0.
    func status() throws(TransportError) -> (status: Int, isOld: Bool) {
        let start = bytes.startIndex
        let version = Array("HTTP/1.".utf8)
        for (index, byte) in version.enumerated() where bytes.count <= index || bytes[start + index] != byte {
            throw malformed("an HTTP/1.1 answer does not begin so", at: start + index)
        }
        guard bytes.count > 7, let minor = HTTPText.decimal(bytes[start + 7]), minor <= 1 else {
            throw malformed("the version of HTTP is not 1.0 or 1.1", at: start + 7)
        }
        guard bytes.count > 8, bytes[start + 8] == UInt8(ascii: " ") else {
            throw malformed("a space is expected after the version", at: start + 8)
        }
        var status = 0
        for index in start + 9..<start + 12 {
            guard index < bytes.endIndex, let digit = HTTPText.decimal(bytes[index]) else {
                throw malformed("the status is not three digits", at: index)
            }
            status = status * 10 + digit
        }
        guard (100...599).contains(status) else { throw malformed("there is no status \(status)", at: start + 9) }
        // The reason may be missing, and the space before it with it.
        if bytes.count > 12, bytes[start + 12] != UInt8(ascii: " ") {
            throw malformed("the status is not three digits", at: start + 12)
        }
        try checkValue(bytes.dropFirst(12), "the reason")
        return (status, minor == 0)
    }

    // MARK: Fields

    /// The name and the value of a field.
    func field() throws(TransportError) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
        if let first = bytes.first, HTTPText.isBlank(first) {
            throw malformed("a field goes on in a further line; HTTP/1.1 has given that up", at: bytes.startIndex)
        }
        guard let colon = bytes.firstIndex(where: { !HTTPText.isToken($0) }) else {
            throw malformed("a field has no colon", at: bytes.endIndex)
        }
        guard bytes[colon] == UInt8(ascii: ":") else { throw malformed("this is no byte of a field's name", at: colon) }
        guard colon > bytes.startIndex else { throw malformed("a field has no name", at: colon) }
        try checkValue(bytes[(colon + 1)...], "a field's value")
        return (bytes[..<colon], HTTPText.trimmed(bytes[(colon + 1)...]))
    }

    /// Refuses control characters.
    private func checkValue(_ value: ArraySlice<UInt8>, _ what: String) throws(TransportError) {
        if let bad = value.firstIndex(where: { !HTTPText.isValue($0) }) {
            throw malformed("\(what) has a control character", at: bad)
        }
    }

    // MARK: Chunks

    /// The size of a chunk; what an extension says is not used.
    func chunkSize() throws(TransportError) -> Int {
        var size = 0
        var index = bytes.startIndex
        while index < bytes.endIndex, let digit = HTTPText.hexadecimal(bytes[index]) {
            guard size <= (Int.max - digit) >> 4 else {
                throw malformed("a chunk's size is past all bounds", at: index)
            }
            size = size << 4 | digit
            index += 1
        }
        guard index > bytes.startIndex else { throw malformed("a chunk's size is no hexadecimal number", at: index) }
        let rest = bytes[index...]
        if let next = rest.first(where: { !HTTPText.isBlank($0) }), next != UInt8(ascii: ";") {
            throw malformed("a chunk's size is no hexadecimal number", at: index)
        }
        try checkValue(rest, "a chunk's extension")
        return size
    }
}
