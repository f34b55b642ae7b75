// Cases: what is measured.
//
// Owns the cases and the client that they use: one enabled product with a callback that does nothing.

import GraftConfig
import GraftRemoteConfig
import GraftSCA
import Synchronization

/// A callback that only counts what it is given.
private final class Sink: RCCallback {
    /// How many payloads all callbacks were given.
    static let received = Atomic(0)

    func callAsFunction(payloads: [GraftRemoteConfig.Payload]) {
        Self.received.add(payloads.count, ordering: .relaxed)
    }
}

/// A transport whose answers are there already: `/info` offers Remote Configuration, the rest is always the same.
private struct Memory: RemoteConfigTransport {
    /// The answer to every request for configuration.
    let body: [UInt8]

    func send(_ request: HTTPRequest) -> HTTPAnswer {
        let isInfo = request.path == "/info"
        return .response(status: 200, body: isInfo ? Array(#"{"endpoints": ["/v0.7/config"]}"#.utf8) : body)
    }
}

/// A new client for a product.
private func client(_ product: String = "ASM_FEATURES") -> RemoteConfigPoller {
    let tracer = ClientTracer(runtimeID: "the-runtime", tracerVersion: "1.0.0", service: "shop")
    let poller = RemoteConfigPoller(state: RemoteConfigState(clientID: "the-client", tracer: tracer))
    poller.registerCallback(Sink(), for: product)
    poller.enableProduct(product)
    return poller
}

/// The way to the agent.
private func transport() throws -> AgentTransport {
    try AgentTransport(address: .chosen(by: environment()), environment: environment())
}

/// Polls, and fails unless that brings something into force.
private func take(_ poller: RemoteConfigPoller, _ transport: any RemoteConfigTransport) throws {
    let before = Sink.received.load(ordering: .relaxed)
    poller.poll(over: transport)
    guard Sink.received.load(ordering: .relaxed) > before else {
        let state = poller.state
        throw ConfigError(.payload, "nothing is in force: \(state.lastError ?? "\(state.activeRefusals)")")
    }
}

/// Measures a case.
func measure(_ name: String, _ repetitions: Int, _ file: [UInt8]) throws -> Figures {
    switch name {
    case "idle":
        let (poller, transport) = (client(), try transport())
        try take(poller, transport)
        return repeated(repetitions, warmUp: 20) { poller.poll(over: transport) }
    case "take":
        let transport = try transport()
        // Never the same client: to each of them, all is new.
        return try repeated(repetitions) { try take(client(), transport) }
    case "state":
        let poller = client()
        try take(poller, Memory(body: file))
        return repeated(repetitions, warmUp: 20) { poller.poll(over: Memory(body: Array("{}".utf8))) }
    case "judge":
        return try repeated(repetitions) { try take(client(), Memory(body: file)) }
    case "sca":
        return try repeated(repetitions) {
            let payload = try PayloadReader.read(file)
            guard !payload.wishes.isEmpty else { throw ConfigError(.payload, "there are no targets") }
        }
    default: throw ConfigError(.payload, "no such case")
    }
}
