// RealServerTests: exchanges with a server that somebody else wrote, Python's http.server.

import Foundation
import Testing

@testable import GraftRemoteConfig

/// A server that answers with chunks, with a length, or with the end of the connection, by the path.
private let script = """
    import http.server
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *_): pass
        def do_GET(self): self.answer(b"")
        def do_POST(self): self.answer(self.rfile.read(int(self.headers["Content-Length"])))
        def answer(self, body):
            text = body + self.headers["Host"].encode()
            self.send_response(200)
            if self.path == "/chunked":
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for byte in text: self.wfile.write(b"1;x=y\\r\\n" + bytes([byte]) + b"\\r\\n")
                self.wfile.write(b"0\\r\\nX-Trailer: 1\\r\\n\\r\\n")
                return
            if self.path == "/length": self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
    """

@Suite struct RealServerTests {
    @Test func pythonsServerIsUnderstood() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        defer {
            // The thread that started it may have SIGTERM blocked, and so would the server.
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(UInt16(line.trimmingCharacters(in: .whitespacesAndNewlines)))
        let address = try AgentAddress(host: "localhost", port: port)
        let body = [UInt8](repeating: UInt8(ascii: "b"), count: 300)
        for path in ["/length", "/chunked", "/close"] {
            let outcome = try ask(address, "POST", path, body: body)
            #expect(
                outcome.response?.body == body + Array("localhost:\(port)".utf8),
                "\(path): \(String(describing: outcome.error))")
            #expect(try ask(address, "GET", path).response?.body == Array("localhost:\(port)".utf8))
        }
    }
}
