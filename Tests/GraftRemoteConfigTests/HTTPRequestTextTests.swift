// HTTPRequestTextTests: the bytes of a question, and what never gets among them.

import Testing

@testable import GraftRemoteConfig

/// A question with these parts.
private func request(
    _ method: String = "POST", _ path: String = "/v0.7/config", headers: [HTTPHeader] = [], body: String = "{}"
) -> HTTPRequestText {
    HTTPRequestText(
        method: method, path: path, host: "localhost", headers: headers, contentType: "application/json",
        body: Array(body.utf8))
}

@Suite struct HTTPRequestTextTests {
    @Test func aQuestionSaysItsLengthAndClosesTheConnection() throws {
        let text = String(
            decoding: try request(headers: [HTTPHeader("Datadog-Entity-ID", "in-7")]).bytes(), as: UTF8.self)
        #expect(
            text == """
                POST /v0.7/config HTTP/1.1\r
                Host: localhost\r
                Connection: close\r
                Datadog-Entity-ID: in-7\r
                Content-Type: application/json\r
                Content-Length: 2\r
                \r
                {}
                """)
    }

    @Test func aQuestionWithoutABodyHasNoType() throws {
        let get = String(decoding: try request("GET", "/info", body: "").bytes(), as: UTF8.self)
        #expect(get == "GET /info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        let post = String(decoding: try request(body: "").bytes(), as: UTF8.self)
        #expect(post.hasSuffix("Connection: close\r\nContent-Length: 0\r\n\r\n"))
    }

    @Test(arguments: [
        (HTTPHeader("X", "a\r\nY: b"), "the field X: at byte 1: this byte cannot be sent here"),
        (HTTPHeader("X", "\nY"), "the field X: at byte 0: this byte cannot be sent here"),
        (HTTPHeader("X", "a\0"), "the field X: at byte 1: this byte cannot be sent here"),
        (HTTPHeader("X\r\nY", "a"), "the name of a field: at byte 1: this byte cannot be sent here"),
        (HTTPHeader("X:", "a"), "the name of a field: at byte 1: this byte cannot be sent here"),
        (HTTPHeader("", "a"), "the name of a field: a field has no name"),
        (HTTPHeader("content-length", "5"), "the field content-length: only the client itself writes it"),
        (HTTPHeader("Transfer-Encoding", "chunked"), "the field Transfer-Encoding: only the client itself writes it"),
    ]) func aFieldThatWouldSayMoreIsRefused(header: HTTPHeader, message: String) {
        let error = #expect(throws: TransportError.self) { try request(headers: [header]).bytes() }
        #expect(error?.description == message)
        #expect(error?.code == .request)
    }

    @Test(arguments: [
        ("get", "/", "the method: a method is a word of capital letters"),
        ("", "/", "the method: a method is a word of capital letters"),
        ("GET /x HTTP/1.1\r\n", "/", "the method: a method is a word of capital letters"),
        ("HEAD", "/", "the method: HEAD is not for this client"),
        ("GET", "", "the path: a path begins with a slash"),
        ("GET", "http://x/", "the path: a path begins with a slash"),
        ("GET", "/a b", "the path: at byte 2: this byte cannot be sent here"),
        ("GET", "/a\r\nX: y", "the path: at byte 2: this byte cannot be sent here"),
        ("GET", "/a#b", "the path: at byte 2: this byte cannot be sent here"),
    ]) func aRequestLineThatWouldSayMoreIsRefused(method: String, path: String, message: String) {
        let error = #expect(throws: TransportError.self) { try request(method, path).bytes() }
        #expect(error?.description == message)
    }
}
