// Parts: what the services of this program run: products that say what is done to them, a poller's transport and callback,
// and a service of the program's own.

import Glibc
import GraftProducts
import GraftRemoteConfig
import ServiceLifecycle

/// Writes one line, whole and at once.
func say(_ text: String) { _ = "\(text)\n".withCString { write(1, $0, strlen($0)) } }

/// Why a product does not start.
struct Refused: Error, CustomStringConvertible {
    let description = "no room"
}

/// A product that says what is done to it, and may take its time to start.
struct Speaker: Product {
    let name: String
    var requires: [String] = []
    var breaks = false
    /// How long its start blocks its thread.
    var milliseconds: UInt32 = 0

    func start() throws {
        usleep(milliseconds * 1_000)
        if breaks { throw Refused() }
        say("start \(name)")
    }
    func restart(join: Bool) throws { try start() }
    func stop(join: Bool) { say("stop \(name), join \(join)") }
    func atExit(join: Bool) { say("atExit \(name)") }
    func postPreload() { say("postPreload \(name)") }
}

/// An agent in memory that has one configuration.
struct Transport: RemoteConfigTransport {
    func send(_ request: HTTPRequest) -> HTTPAnswer {
        guard String(decoding: request.body, as: UTF8.self).contains(#""targets_version":0"#) else {
            return .response(status: 200, body: Array("{}".utf8))
        }
        let content = Array(#"{"on":true}"#.utf8)
        let signed = """
            {"signed":{"_type":"targets","spec_version":"1.0","version":7,"targets":{"datadog/2/SHOP/a/config":\
            {"custom":{"v":1},"hashes":{"sha256":"\(SHA256.digest(of: content))"},"length":\(content.count)}}}}
            """
        let answer = """
            {"targets":"\(Base64.text(of: signed.utf8))","client_configs":["datadog/2/SHOP/a/config"],\
            "target_files":[{"path":"datadog/2/SHOP/a/config","raw":"\(Base64.text(of: content))"}]}
            """
        return .response(status: 200, body: Array(answer.utf8))
    }
}

/// Says what it is given.
struct Shop: RCCallback {
    func callAsFunction(payloads: [Payload]) { for payload in payloads { say("given \(payload.path)") } }
}

/// A service of the program's own: it says when it ends.
struct Server: Service {
    func run() async throws {
        try? await gracefulShutdown()
        say("server ends")
    }
}
