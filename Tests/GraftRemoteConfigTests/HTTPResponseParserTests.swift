// HTTPResponseParserTests: what an answer's reader takes, what it refuses, and where it says the fault is.

import Testing

@testable import GraftRemoteConfig

/// What came of reading.
private enum Reading: Hashable {
    /// An answer.
    case whole(HTTPResponse)
    /// None yet.
    case partial
    /// None ever.
    case refused(TransportError)
}

/// Reads `pieces`, and the end of the connection if `ends`.
private func read(_ pieces: [[UInt8]], limits: HTTPResponseLimits = HTTPResponseLimits(), ends: Bool = true) -> Reading
{
    var parser = HTTPResponseParser(limits: limits)
    do throws(TransportError) {
        for piece in pieces where try parser.feed(piece[...]) { break }
        if ends { try parser.end() }
    } catch {
        return .refused(error)
    }
    return parser.response.map(Reading.whole) ?? .partial
}

/// Reads a text at once, and makes sure that any cut in two and bytes one by one read the same.
private func read(
    _ text: String, limits: HTTPResponseLimits = HTTPResponseLimits(), ends: Bool = true
) -> Reading {
    let bytes = Array(text.utf8)
    let whole = read([bytes], limits: limits, ends: ends)
    #expect(read(bytes.map { [$0] }, limits: limits, ends: ends) == whole)
    for cut in 0...min(bytes.count, 600) {
        let parts = [Array(bytes[..<cut]), Array(bytes[cut...])]
        #expect(read(parts, limits: limits, ends: ends) == whole, "cut at \(cut)")
    }
    return whole
}

/// The answer; a failed test for anything else.
private func answer(
    _ text: String, limits: HTTPResponseLimits = HTTPResponseLimits(), ends: Bool = true,
    at place: SourceLocation = #_sourceLocation
) -> HTTPResponse? {
    switch read(text, limits: limits, ends: ends) {
    case .whole(let response): return response
    case .partial: Issue.record("no whole answer", sourceLocation: place)
    case .refused(let error): Issue.record("\(error)", sourceLocation: place)
    }
    return nil
}

/// The refusal, as its text.
private func refusal(_ text: String, limits: HTTPResponseLimits = HTTPResponseLimits()) -> String {
    guard case .refused(let error) = read(text, limits: limits) else { return "not refused" }
    return error.description
}

@Suite struct HTTPResponseParserTests {
    @Test func aBodyOfAGivenLengthEndsThere() throws {
        let response = try #require(
            answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Y:  a b \t\r\n\r\nabcTHE REST", ends: false))
        #expect(response.status == 200)
        #expect(response.body == Array("abc".utf8))
        #expect(response.fields["x-y"] == "a b")
        #expect(response.fields["X-Z"] == nil)
        #expect(response.fields.count == 2)
    }

    @Test func aBodyWithoutALengthEndsWithTheConnection() {
        #expect(answer("HTTP/1.0 500\r\n\r\nabc")?.body == Array("abc".utf8))
        #expect(read("HTTP/1.1 200 OK\r\n\r\nabc", ends: false) == .partial)
    }

    @Test func chunksAreJoinedAndTheirExtensionsAndTrailersLeftOut() throws {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
        let text = head + "3;a=b\r\nabc\r\n000A ; c\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n"
        let response = try #require(answer(text, ends: false))
        #expect(response.body == Array("abc0123456789".utf8))
        #expect(response.fields["X-T"] == nil)
        #expect(self.answerBody(head + "0\r\n\r\n") == [])
    }

    /// The body of an answer.
    private func answerBody(_ text: String) -> [UInt8]? { answer(text, ends: false)?.body }

    @Test(arguments: [204, 304]) func someStatusesHaveNoBodyWhateverTheFieldsSay(status: Int) {
        let fields = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"
        #expect(answer("HTTP/1.1 \(status) No\r\n\(fields)\r\n", ends: false)?.body == [])
    }

    @Test func interimAnswersArePassedOverUpToTheLimit() {
        let interim = "HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n"
        let last = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        let most = HTTPResponseLimits.maximumInterimAnswers
        #expect(answer(String(repeating: interim, count: most) + last)?.fields.count == 1)
        let text = refusal(String(repeating: interim, count: most + 1) + last)
        #expect(text == "at byte \(interim.utf8.count * (most + 1) - 2): there are more than 8 interim answers")
    }

    @Test(arguments: [
        ("HTTP/2 200 OK\r\n\r\n", "at byte 5: an HTTP/1.1 answer does not begin so"),
        ("SSH-2.0-x\r\n", "at byte 0: an HTTP/1.1 answer does not begin so"),
        ("HTTP/1.\r\n", "at byte 7: the version of HTTP is not 1.0 or 1.1"),
        ("HTTP/1.7 200 OK\r\n\r\n", "at byte 7: the version of HTTP is not 1.0 or 1.1"),
        ("HTTP/1.1200 OK\r\n\r\n", "at byte 8: a space is expected after the version"),
        ("HTTP/1.1 20\r\n\r\n", "at byte 11: the status is not three digits"),
        ("HTTP/1.1 2000\r\n\r\n", "at byte 12: the status is not three digits"),
        ("HTTP/1.1 600 X\r\n\r\n", "at byte 9: there is no status 600"),
        ("HTTP/1.1 099 X\r\n\r\n", "at byte 9: there is no status 99"),
        ("HTTP/1.1 200 O\u{1}\r\n\r\n", "at byte 14: the reason has a control character"),
        ("HTTP/1.1 200 OK\n\n", "at byte 15: a line does not end with CR LF"),
        ("\r\nHTTP/1.1 200 OK\r\n", "at byte 0: an HTTP/1.1 answer does not begin so"),
        ("HTTP/1.1 101 Switching\r\n\r\n", "at byte 24: the agent wants to speak another protocol"),
    ]) func aBadStatusLineIsRefusedWithItsPlace(text: String, message: String) { #expect(refusal(text) == message) }

    @Test(arguments: [
        ("A: b\r\n c\r\n", "at byte 23: a field goes on in a further line; HTTP/1.1 has given that up"),
        ("A b: c\r\n", "at byte 18: this is no byte of a field's name"),
        ("A : c\r\n", "at byte 18: this is no byte of a field's name"),
        (": c\r\n", "at byte 17: a field has no name"),
        ("Abc\r\n", "at byte 20: a field has no colon"),
        ("A: b\rc\r\n", "at byte 21: a field's value has a control character"),
        ("A: \0\r\n", "at byte 20: a field's value has a control character"),
        ("A: \u{7f}\r\n", "at byte 20: a field's value has a control character"),
    ]) func aBadFieldIsRefusedWithItsPlace(field: String, message: String) {
        #expect(refusal("HTTP/1.1 200 OK\r\n\(field)\r\n") == message)
    }

    @Test(arguments: [
        ("Content-Length: 1\r\nContent-Length: 2", "the answer has two values of Content-Length"),
        ("Content-Length: 1, 1", "the Content-Length is no decimal number"),
        ("Content-Length: -1", "the Content-Length is no decimal number"),
        ("Content-Length: +1", "the Content-Length is no decimal number"),
        ("Content-Length:", "the Content-Length is empty"),
        ("Content-Length: 9223372036854775808", "the Content-Length is past all bounds"),
        ("Content-Length: 99999999999999999999999", "the Content-Length is past all bounds"),
        ("Content-Length: 67108865", "the body is longer than 67108864 bytes"),
        (
            "Content-Length: 1\r\nTransfer-Encoding: chunked",
            "the answer has both a Content-Length and a Transfer-Encoding"
        ),
        ("Transfer-Encoding: gzip, chunked", "the Transfer-Encoding is not chunked alone"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "the Transfer-Encoding is not chunked alone"),
        ("Transfer-Encoding: identity", "the Transfer-Encoding is not chunked alone"),
        ("Content-Encoding: gzip", "the body is encoded, which was not asked for"),
    ]) func aLengthThatCanBeReadInTwoWaysIsRefused(fields: String, message: String) {
        let text = "HTTP/1.1 200 OK\r\n\(fields)\r\n"
        #expect(refusal(text + "\r\n") == "at byte \(text.utf8.count): \(message)")
    }

    @Test func whatIsSaidTwiceTheSameIsTaken() {
        let fields = "Content-Length: 2\r\ncontent-length: 02\r\nContent-Encoding: Identity\r\n"
        #expect(answer("HTTP/1.1 200 OK\r\n\(fields)\r\nab")?.body.count == 2)
    }

    @Test func anOldAgentHasNoChunks() {
        #expect(
            refusal("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").hasSuffix(
                "HTTP/1.0 has no Transfer-Encoding"))
    }

    @Test(arguments: [
        ("x\r\n", "at byte 47: a chunk's size is no hexadecimal number"),
        ("\r\n", "at byte 47: a chunk's size is no hexadecimal number"),
        ("-1\r\n", "at byte 47: a chunk's size is no hexadecimal number"),
        ("1 x\r\n", "at byte 48: a chunk's size is no hexadecimal number"),
        ("1g\r\n", "at byte 48: a chunk's size is no hexadecimal number"),
        ("1;\u{1}\r\n", "at byte 49: a chunk's extension has a control character"),
        ("8000000000000000\r\n", "at byte 62: a chunk's size is past all bounds"),
        ("7fffffffffffffff\r\n", "at byte 47: the body is longer than 67108864 bytes"),
        ("1\nx", "at byte 48: a line does not end with CR LF"),
        ("1\r\nab\r\n", "at byte 51: a chunk does not end where its size says"),
        ("1\r\nab\n", "at byte 52: a line does not end with CR LF"),
        ("0\r\n a\r\n", "at byte 50: a field goes on in a further line; HTTP/1.1 has given that up"),
    ]) func aBadChunkIsRefusedWithItsPlace(chunks: String, message: String) {
        #expect(refusal("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks) == message)
    }

    @Test(arguments: [
        ("", "the agent closed the connection without an answer"),
        ("HTT", "at byte 3: the agent closed the connection inside the head"),
        ("HTTP/1.1 200 OK\r\nA: b\r\n", "at byte 23: the agent closed the connection inside the head"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
            "at byte 40: the agent closed the connection 3 bytes before the body's end"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
            "at byte 53: the agent closed the connection before the last chunk"
        ),
    ]) func anEndBeforeTheEndIsRefused(text: String, message: String) { #expect(refusal(text) == message) }

    @Test func headsAreTakenAtTheLimitAndRefusedPastIt() {
        var limits = HTTPResponseLimits()
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: b\r\n\r\n"
        limits.headBytes = text.utf8.count
        #expect(answer(text, limits: limits)?.status == 200)
        limits.headBytes -= 1
        #expect(refusal(text, limits: limits) == "at byte 43: the head is longer than 43 bytes")
        limits = HTTPResponseLimits()
        limits.fields = 2
        #expect(answer(text, limits: limits)?.fields.count == 2)
        limits.fields = 1
        #expect(refusal(text, limits: limits) == "at byte 36: there are more than 1 fields")
    }

    @Test(arguments: [
        "Content-Length: 4\r\n\r\nabcd", "\r\nabcd",
        "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n",
    ])
    func bodiesAreTakenAtTheLimitAndRefusedPastIt(rest: String) {
        var limits = HTTPResponseLimits()
        limits.bodyBytes = 4
        #expect(answer("HTTP/1.1 200 OK\r\n" + rest, limits: limits)?.body == Array("abcd".utf8))
        limits.bodyBytes = 3
        #expect(refusal("HTTP/1.1 200 OK\r\n" + rest, limits: limits).hasSuffix(": the body is longer than 3 bytes"))
    }

    @Test func chunkLinesAreTakenAtTheLimitAndRefusedPastIt() {
        var limits = HTTPResponseLimits()
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;abc\r\nx\r\n0\r\n\r\n"
        limits.chunkLineBytes = 7
        #expect(answer(text, limits: limits)?.body == Array("x".utf8))
        limits.chunkLineBytes = 6
        #expect(refusal(text, limits: limits) == "at byte 53: the line of a chunk's size is longer than 6 bytes")
    }
}
