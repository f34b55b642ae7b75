// RehearsalTransport: what a poll meets, from memory, for a rehearsal of it.
//
// Owns answers of each kind and the way that real ones take: a question is written, an address tried and refused, and an
// answer read from a socket that nobody else has. A process that forks rehearses its polls: the Swift runtime makes the
// description of a type when it is first used, under a lock of its own, and a child whose parent held that lock on another
// thread waits for ever; what exists already is found without a lock. Neighbours: AgentTransport is the real one; the
// products' room says when a rehearsal is due.

internal import GraftConfig
internal import Glibc
internal import Synchronization

/// A way to an agent that does not exist.
package final class RehearsalTransport: RemoteConfigTransport, Sendable {
    /// The next answer.
    private let next = Atomic(0)
    /// Has a signal once all answers were given.
    private let isOver = WaitSemaphore()
    /// The status and the body of each answer.
    private let answers: [(status: Int, body: String)]

    /// Answers in which these files are offered, refused and taken back.
    package init(files: [(path: String, text: String)]) {
        let info = #"{"endpoints":["/v0.7/config"]}"#
        let all = Self.offer(1, files)
        let worse = Self.offer(2, files.map { ($0.path, "{") } + [("nowhere", "{}")])
        answers = [
            (200, info), (500, "no"), (200, "]"), (200, all), (200, "{}"), (200, worse), (200, Self.offer(3, [])),
            (404, ""), (200, info),
        ]
    }

    /// How many answers it has.
    package var count: Int { answers.count }

    /// Waits until all answers were given, for a second at most.
    package func wait() -> Bool { isOver.wait(until: MonotonicTime.now(plus: .seconds(1))) }

    /// Goes the way of a question and gives the next answer.
    package func send(_ request: HTTPRequest) -> HTTPAnswer {
        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if number == answers.count { isOver.signal() }
        let answer = number < answers.count ? answers[number] : (status: 200, body: "{}")
        _ = AgentTransport(address: .nobody).send(request)
        _ = try? HostNames.addresses(of: "localhost", port: AgentAddress.usualPort)
        do throws(TransportError) {
            let response = try Self.converse(request, answer)
            return .response(status: response.status, body: response.body)
        } catch {
            return .failure(error.description)
        }
    }

    /// An answer that offers files.
    private static func offer(_ version: UInt64, _ files: [(path: String, text: String)]) -> String {
        var targets = JSONObject()
        for file in files {
            targets[file.path] = [
                "custom": ["v": JSONValue(version)],
                "hashes": ["sha256": .string(SHA256.digest(of: Array(file.text.utf8)).hex)],
                "length": JSONValue(file.text.utf8.count),
            ]
        }
        let signed: JSONValue = [
            "_type": "targets", "custom": ["opaque_backend_state": "e30="], "expires": "3000-01-01T00:00:00Z",
            "spec_version": "1.0", "targets": .object(targets), "version": JSONValue(version),
        ]
        let text = JSONWriter.bytes(["signatures": [], "signed": signed])
        let answer: JSONValue = [
            "targets": .string(Base64.text(of: text)), "client_configs": .array(files.map { .string($0.path) }),
            "target_files": .array(
                files.map { ["path": .string($0.path), "raw": .string(Base64.text(of: Array($0.text.utf8)))] }),
        ]
        return JSONWriter.text(answer)
    }

    /// A conversation over a pair of sockets whose other end has said everything.
    private static func converse(
        _ request: HTTPRequest, _ answer: (status: Int, body: String)
    ) throws(TransportError) -> HTTPResponse {
        let question = HTTPRequestText(
            method: request.method, path: request.path, host: "localhost", headers: request.headers,
            contentType: "application/json", body: request.body)
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw TransportError(system: SystemFailure("socketpair"))
        }
        let socket = StreamSocket(adopting: ends[0])
        defer { close(ends[1]) }
        let body = "\(String(answer.body.utf8.count, radix: 16))\r\n\(answer.body)\r\n0\r\n\r\n"
        let head = "HTTP/1.1 \(answer.status) X\r\nTransfer-Encoding: chunked\r\n\r\n"
        let text = Array((head + (answer.body.isEmpty ? "0\r\n\r\n" : body)).utf8)
        _ = text.withUnsafeBytes { Glibc.send(ends[1], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        let stop: WakeEvent
        do throws(SystemFailure) { stop = try WakeEvent() } catch { throw TransportError(system: error) }
        var conversation = AgentConversation(socket, request: try question.bytes(), limits: HTTPResponseLimits())
        return try conversation.answer(patience: Patience(.seconds(1)), unless: stop)
    }
}

extension AgentAddress {
    /// Where nobody can listen: the root folder is no socket.
    package static let nobody = AgentAddress(way: .unix(path: "/"))
}
