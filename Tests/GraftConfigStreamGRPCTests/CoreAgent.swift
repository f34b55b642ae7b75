// CoreAgent: the core agent in Python, Tests/ConfigStream/core-agent, as a process that does what it is told.
//
// Owns the process and the two pipes: one line of JSON there, one line back when it took effect. Neighbours: all suites.
#if ConfigStream

    import Foundation
    import Synchronization

    @testable import GraftConfigStream
    @testable import GraftConfigStreamGRPC

    /// Why a core agent could not be started, or what it refused.
    struct CoreAgentError: Error, CustomStringConvertible {
        let description: String
    }

    /// A core agent in a process of its own. Killed when it is no longer referred to.
    final class CoreAgent: Sendable {
        /// What it said when it was ready.
        struct Place: Sendable {
            let port: Int
            let pid: pid_t
            let files: IPCFiles
        }

        /// The pipes; one command at a time.
        private struct Pipes: @unchecked Sendable {
            // Used under the mutex only.
            let process: Process
            let input: FileHandle
            let output: UnsafeMutablePointer<FILE>
        }

        let place: Place
        /// Its folder, which remains when it has ended.
        let folder: String
        private let pipes: Mutex<Pipes>

        /// The tests' environment of Python, which `make stream-tests` makes and names.
        static func python() throws -> String {
            guard let venv = ProcessInfo.processInfo.environment["GRAFT_VENV"], !venv.isEmpty else {
                throw CoreAgentError(
                    description: "GRAFT_VENV names no environment of Python: run `make stream-tests`, which makes one")
            }
            return "\(venv)/bin/python"
        }

        /// Starts one, and waits until clients can connect.
        init(_ arguments: [String] = [], folder: String = CoreAgent.newFolder()) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try Self.python())
            let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("ConfigStream/core-agent")
            process.arguments = [program.path, "--folder", folder] + arguments
            let input = Pipe(), output = Pipe()
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            let pipes = Pipes(
                process: process, input: input.fileHandleForWriting,
                output: fdopen(dup(output.fileHandleForReading.fileDescriptor), "r"))
            guard let ready = try Self.line(of: pipes)["ready"] as? [String: Any],
                let port = ready["port"] as? Int, let pid = ready["pid"] as? Int,
                let token = ready["auth_token"] as? String, let certificate = ready["certificate"] as? String
            else { throw CoreAgentError(description: "the core agent is not ready") }
            place = Place(port: port, pid: pid_t(pid), files: IPCFiles(authToken: token, certificate: certificate))
            self.folder = folder
            self.pipes = Mutex(pipes)
        }

        deinit {
            kill(SIGKILL)
            pipes.withLock { _ = fclose($0.output) }
        }

        /// A folder of its own.
        static func newFolder() -> String {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
                "graft-stream-\(UUID().uuidString)")
            try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            return folder.path
        }

        /// Has it do something, and returns its answer: `command("set", ["key": "a", "value": 1])`.
        @discardableResult
        func command(_ name: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
            let line = try JSONSerialization.data(withJSONObject: [name: parameters])
            return try pipes.withLock { pipes in
                try pipes.input.write(contentsOf: line + Data("\n".utf8))
                let answer = try Self.line(of: pipes)
                if let error = answer["error"] { throw CoreAgentError(description: "\(error)") }
                return answer
            }
        }

        /// The calls that it has seen since the last time, each with `call`, `metadata`, `certificate`, `of`, `status`.
        func calls() throws -> [[String: Any]] { try command("calls")["calls"] as? [[String: Any]] ?? [] }

        /// Sends a signal; one that kills is waited for.
        func kill(_ signal: CInt) {
            Foundation.kill(place.pid, signal)
            guard signal == SIGKILL else { return }
            pipes.withLock { $0.process.waitUntilExit() }
        }

        /// The next line that it writes.
        private static func line(of pipes: Pipes) throws -> [String: Any] {
            var text: UnsafeMutablePointer<CChar>?
            var capacity = 0
            defer { free(text) }
            let count = getline(&text, &capacity, pipes.output)
            guard count > 0, let text else { throw CoreAgentError(description: "the core agent has ended") }
            let line = Data(bytes: text, count: count)
            return try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
        }
    }

    extension CoreAgent {
        /// A way to it over 127.0.0.1.
        func transport(_ options: GRPCStreamOptions = GRPCStreamOptions()) -> GRPCStreamTransport {
            GRPCStreamTransport(
                address: .ipv4("127.0.0.1", port: place.port), files: place.files, options: options)
        }
    }

    /// What the tests' client says of itself.
    let me = RegistrationRequest(
        pid: "42", flavor: "graft", displayName: "tests", apiEndpointURI: "https://configstream-consumer/tests")

    extension StreamTransport {
        /// Connects, registers and hands on the session.
        func withSession<Result: Sendable>(
            _ body: (any StreamConnection, String) async throws -> Result
        ) async throws -> Result {
            try await withConnection { connection in
                try await body(connection, try await connection.register(me).sessionID)
            }
        }

        /// The first messages of a stream.
        func messages(_ count: Int) async throws -> [StreamMessage] {
            let messages = Mutex<[StreamMessage]>([])
            do {
                try await withSession { connection, session in
                    try await connection.stream(client: "tests", sessionID: session) { message in
                        try messages.withLock {
                            $0.append(message)
                            if $0.count == count { throw Enough() }
                        }
                    }
                }
            } catch is Enough {}
            return messages.withLock { $0 }
        }
    }

    /// Ends a stream of which enough was seen.
    struct Enough: Error {}

#endif
