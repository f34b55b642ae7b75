// AgentClient: the HTTP/1.1 client by which a preloaded library talks to an agent.
//
// Owns one exchange from the question to the answer, and the promise that the host does not notice it: no thread, no
// signal, no descriptor that outlives the call, `errno` as it was. It is written here, not taken from a library, because
// it is loaded into every host: SwiftNIO costs some 10 MB of resident memory and a pool of threads, libcurl twenty shared
// libraries that a distroless host does not have. What is written here must therefore be small (one question for each
// connection, no TLS, no compression, no redirection), strict (HTTPResponseParser) and fuzzed (Tests/Fuzz/fuzz_http.swift).
// Neighbours: AgentAddress, HTTPRequestText, AgentConnector, AgentConversation.

package import GraftConfig
internal import Glibc

/// A client of one agent. A value without a connection: each exchange makes its own, and any thread may make one.
///
/// It blocks: it is for a thread of the library's own, and one whose calls are left out of every probe
/// (`Instrumentation.exemptThread`), or else a probe on `connect` would report the client.
///
/// ```swift
/// let client = AgentClient(address: try .chosen(by: environment))
/// let answer = try client.exchange("GET", "/info", unless: stop)
/// ```
package struct AgentClient: Sendable {
    /// How long an exchange may take from its beginning to its end. An agent that sees a new client asks its back end first,
    /// which may take two seconds: a client that waits no longer than that gives up on its own first question.
    package static let usualTimeout = Duration.seconds(5)

    /// Where the agent is.
    package let address: AgentAddress
    /// Fields of every question: those that name the container, for one.
    package var headers: [HTTPHeader]
    /// How long an exchange may take, all in all.
    package var timeout: Duration
    /// How much an answer may ask.
    package var limits: HTTPResponseLimits

    /// A client; nothing is connected yet.
    package init(
        address: AgentAddress, headers: [HTTPHeader] = [], timeout: Duration = usualTimeout,
        limits: HTTPResponseLimits = HTTPResponseLimits()
    ) {
        self.address = address
        self.headers = headers
        self.timeout = timeout
        self.limits = limits
    }

    /// Asks, and waits for the whole answer, whatever its status. `headers` come after the client's own. Throws why there is none. When `cancel` happens, or has
    /// happened before, it throws `.cancelled` at once; the event stays as it is, for whoever owns it to take. Only the
    /// look-up of a host's name that is neither numeric nor `localhost` can delay that, and the time's end (HostNames).
    package func exchange(
        _ method: String, _ path: String, headers own: [HTTPHeader] = [], body: [UInt8] = [],
        contentType: String = "application/json", unless cancel: borrowing WakeEvent
    ) throws(TransportError) -> HTTPResponse {
        let hostErrno = errno
        defer { errno = hostErrno }
        do throws(TransportError) {
            let request = HTTPRequestText(
                method: method, path: address.basePath + path, host: address.hostField,
                headers: [HTTPHeader("User-Agent", "Graft")] + headers + own, contentType: contentType, body: body)
            let bytes = try request.bytes()
            let patience = Patience(timeout)
            let socket = try AgentConnector.connect(to: address, patience: patience, unless: cancel)
            var conversation = AgentConversation(socket, request: bytes, limits: limits)
            return try conversation.answer(patience: patience, unless: cancel)
        } catch {
            throw error.about(address.description)
        }
    }
}
