// HTTPRequestText: a question as the bytes that are sent.
//
// Owns the form: one request for each connection, its length said beforehand, nothing compressed and no compression asked
// for. A value that would end its line, and so could say more than one thing, is refused with its place. Neighbours:
// AgentClient sends it, EntityHeaders are among its fields.

/// A question as bytes.
struct HTTPRequestText {
    /// The method: `GET`, `POST` or another whose answer has a body.
    var method: String
    /// The path, which begins with a slash.
    var path: String
    /// The value of `Host`.
    var host: String
    /// Further fields.
    var headers: [HTTPHeader]
    /// What the body is.
    var contentType: String
    /// The body; empty for none.
    var body: [UInt8]

    /// Fields that are written here and nowhere else: they decide where a message ends.
    static let ownFields: [StaticString] = [
        "Host", "Connection", "Content-Length", "Content-Type", "Transfer-Encoding", "TE", "Trailer", "Upgrade",
        "Expect",
    ]

    /// All bytes. Throws the first thing that cannot be sent.
    func bytes() throws(TransportError) -> [UInt8] {
        try check()
        var text = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n"
        for header in headers { text += "\(header.name): \(header.value)\r\n" }
        if !body.isEmpty { text += "Content-Type: \(contentType)\r\n" }
        // A method that may have a body says that it has none.
        if !body.isEmpty || method != "GET" { text += "Content-Length: \(body.count)\r\n" }
        text += "\r\n"
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + body.count)
        bytes += text.utf8
        bytes += body
        return bytes
    }

    /// Refuses what cannot be sent.
    private func check() throws(TransportError) {
        guard !method.isEmpty, method.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else {
            throw refusal("a method is a word of capital letters", "the method")
        }
        // Their answers have no body, whatever their fields say; the reader of answers does not know the question.
        guard method != "HEAD", method != "CONNECT" else {
            throw refusal("\(method) is not for this client", "the method")
        }
        guard path.utf8.first == UInt8(ascii: "/") else { throw refusal("a path begins with a slash", "the path") }
        try check(path, "the path") { HTTPText.isVisible($0) && $0 != UInt8(ascii: "#") }
        try check(host, "the field Host", HTTPText.isVisible)
        try check(contentType, "the field Content-Type", HTTPText.isValue)
        for header in headers { try check(header) }
    }

    /// Refuses a field that cannot be sent.
    private func check(_ header: HTTPHeader) throws(TransportError) {
        try check(header.name, "the name of a field", HTTPText.isToken)
        guard !header.name.isEmpty else { throw refusal("a field has no name", "the name of a field") }
        let name = Array(header.name.utf8)[...]
        guard !Self.ownFields.contains(where: { HTTPFields.isEqual(name, $0) }) else {
            throw refusal("only the client itself writes it", "the field \(header.name)")
        }
        try check(header.value, "the field \(header.name)", HTTPText.isValue)
    }

    /// Refuses a text with a byte that it must not have.
    private func check(
        _ text: String, _ subject: String, _ isAllowed: (UInt8) -> Bool
    ) throws(TransportError) {
        var offset = 0
        for byte in text.utf8 {
            guard isAllowed(byte) else {
                throw TransportError(.request, "this byte cannot be sent here", subject: subject, offset: offset)
            }
            offset += 1
        }
    }

    /// An error about a part.
    private func refusal(_ message: String, _ subject: String) -> TransportError {
        TransportError(.request, message, subject: subject)
    }
}
