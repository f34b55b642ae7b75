// LoopbackAgent: a small agent at a port of this machine, in a process of its own.
//
// Owns the script and its process. The path before the endpoint chooses how it behaves: `/slow` takes its time, `/stall` does
// not answer, `/once` offers the settings of tracing to its first client only.

import Foundation
import Testing

/// Answers with two files of `P` and one of APM_TRACING; writes its port, and each new pair of client and runtime.
private let script = """
    import base64, hashlib, http.server, json, threading, time
    files = {"datadog/2/P/a/config": b'{"n":1}', "datadog/2/P/b/config": b'{"n":2}',
             "datadog/2/APM_TRACING/r/config": b'{"lib_config":{"tracing_sampling_rate":0.25}}'}
    lock, seen = threading.Lock(), []
    def offer(mine, held):
        entry = lambda raw: {"custom": {"v": 1}, "length": len(raw), "hashes": {"sha256": hashlib.sha256(raw).hexdigest()}}
        signed = {"_type": "targets", "spec_version": "1.0", "version": 7, "expires": "3000-01-01T00:00:00Z",
                  "custom": {"opaque_backend_state": "e30="}, "targets": {p: entry(files[p]) for p in mine}}
        text = base64.b64encode(json.dumps({"signed": signed, "signatures": []}).encode()).decode()
        sent = [{"path": p, "raw": base64.b64encode(files[p]).decode()} for p in mine if p not in held]
        return {"targets": text, "target_files": sent, "client_configs": mine}
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def log_message(self, *_): pass
        def do_GET(self):
            self.wait()
            self.answer({"endpoints": ["/v0.7/config"]})
        def do_POST(self):
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            client = question["client"]
            pair = client["id"] + " " + client["client_tracer"]["runtime_id"]
            with lock:
                if pair not in seen:
                    seen.append(pair)
                    print(pair, flush=True)
                isFirst = pair == seen[0]
            self.wait()
            if client["state"]["targets_version"] == 7: return self.answer({})
            mine = [p for p in files if p.split("/")[2] in client["products"]]
            if self.path.startswith("/once/") and not isFirst: mine = [p for p in mine if "APM" not in p]
            self.answer(offer(mine, [f["path"] for f in question.get("cached_target_files") or []]))
        def wait(self):
            if self.path.startswith("/slow/"): time.sleep(0.05)
            if self.path.startswith("/stall/"): time.sleep(30)
        def answer(self, value):
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 64
        def handle_error(self, *_): pass
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
    """

/// The agent.
final class LoopbackAgent {
    private let process = Process()
    private let output = Pipe()
    /// Its port.
    let port: String

    /// Starts it.
    init() throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        process.standardOutput = output
        try process.run()
        var line = ""
        while !line.hasSuffix("\n") {
            let piece = output.fileHandleForReading.availableData
            guard !piece.isEmpty else { break }
            line += String(decoding: piece, as: UTF8.self)
        }
        port = line.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Ends it; the clients that it has seen, each with its runtime.
    func end() -> [(client: String, runtime: String)] {
        // The thread that started it may have SIGTERM blocked, and so would the agent.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        var clients: [(client: String, runtime: String)] = []
        for line in text.split(separator: "\n") {
            let words: [Substring] = line.split(separator: " ")
            if words.count == 2 { clients.append((String(words[0]), String(words[1]))) }
        }
        return clients
    }
}
