// TestAgent: the agent that Datadog tests its own clients with, as a process of its own or one that runs already.

import Foundation
import GraftConfig
import GraftRemoteConfig

@testable import GraftTelemetry

/// A running test agent.
final class TestAgent {
    /// The variable that names one that runs already.
    static let variable = "GRAFT_TEST_AGENT_URL"
    /// Why a test that needs one is left out.
    static let absence = "neither build/venv (make build/venv/ready) nor \(variable) has a test agent"
    /// How long it may take to start.
    private static let startSeconds = 60.0

    /// Where it is.
    let address: AgentAddress
    /// The process, if it was started here.
    private let process: Process?

    /// The program of the tests' environment; nil where there is none.
    private static var program: String? {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let path = root.appendingPathComponent("build/venv/bin/ddapm-test-agent").standardized.path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }

    /// Whether there is one, or can be.
    static var isThere: Bool { ProcessInfo.processInfo.environment[variable] != nil || program != nil }

    /// The one that is named, or a new one.
    init() throws {
        if let url = ProcessInfo.processInfo.environment[Self.variable] {
            (address, process) = (try AgentAddress(url: url), nil)
            return
        }
        let ports = try (0..<3).map { _ in try Self.freePort() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program ?? "")
        process.arguments = [
            "-p", "\(ports[0])", "--host", "127.0.0.1", "--otlp-http-port", "\(ports[1])", "--otlp-grpc-port",
            "\(ports[2])", "--snapshot-dir", NSTemporaryDirectory(),
        ]
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        (address, self.process) = (try AgentAddress(host: "127.0.0.1", port: ports[0]), process)
        try waitUntilItAnswers()
    }

    deinit {
        guard let process else { return }
        // The thread that started it may have SIGTERM blocked, and so would the agent.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// A port that was free a moment ago.
    private static func freePort() throws -> UInt16 {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(number) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(number, raw, length) == 0 && getsockname(number, raw, &length) == 0
            }
        }
        guard result else { throw CocoaError(.fileNoSuchFile) }
        return UInt16(bigEndian: address.sin_port)
    }

    /// Waits until it listens.
    private func waitUntilItAnswers() throws {
        let end = Date(timeIntervalSinceNow: Self.startSeconds)
        let transport = AgentTransport(address: address)
        while true {
            if case .response(200, _) = transport.send(HTTPRequest(method: "GET", path: "/info", body: [])) { return }
            guard Date() < end, process?.isRunning == true else { throw CocoaError(.executableNotLoadable) }
            usleep(20_000)
        }
    }

    /// What an endpoint has.
    func get(_ path: String) throws -> JSONValue {
        let transport = AgentTransport(address: address)
        guard case .response(200, let body) = transport.send(HTTPRequest(method: "GET", path: path, body: [])) else {
            throw CocoaError(.fileReadUnknown)
        }
        return try JSONDocument.parse(body).root.value
    }
}
