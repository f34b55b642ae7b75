// TelemetrySender.swift: telemetry, between the agent's thread, which knows the facts, and the one that sends them.
//
// Owns the lock around the client's state; it is never held while something is sent. A forked child makes its own.
// Neighbours: SCATelemetry.swift makes the facts, RemoteLink.swift has this sent.

internal import GraftRemoteConfig
internal import GraftTelemetry
internal import Glibc
internal import Synchronization

/// Sends telemetry.
final class TelemetrySender: Sendable {
    private let state: Mutex<TelemetryState>
    private let clock = RemoteConfigPoller.monotonicClock()
    private let log: AgentLog

    /// The longest pause between two looks at what is due.
    static let longestRest = Duration.seconds(10)

    /// A sender for this process, which has sent nothing yet.
    init(settings: TelemetrySettings, session: TelemetrySession, tracer: ClientTracer, log: AgentLog) {
        state = Mutex(
            TelemetryState(
                settings: settings, session: session, application: TelemetryApplication(tracer: tracer),
                host: .current(), now: clock()))
        self.log = log
    }

    /// Takes in how things stand now.
    func post(_ facts: TelemetryFacts) { state.withLock { $0.take(facts) } }

    /// Sends what is due; how long until something will be. Waits for the network.
    func sendDue(over transport: some RemoteConfigTransport) -> Duration? {
        while let due = state.withLock({ $0.due }) {
            let now = clock()
            guard due <= now else { return min(due - now, Self.longestRest) }
            guard send(over: transport) else { break }
        }
        return state.withLock { $0.due } == nil ? nil : Self.longestRest
    }

    /// Sends what waits, and that the program ends. Waits for the network.
    func close(over transport: some RemoteConfigTransport) {
        state.withLock { $0.close() }
        while send(over: transport) {}
    }

    /// How telemetry stands.
    var status: TelemetryStatus { state.withLock { $0.status } }

    /// Sends one request; false when there is none.
    private func send(over transport: some RemoteConfigTransport) -> Bool {
        let next = state.withLock { $0.nextRequest(now: clock(), time: Int64(time(nil))) }
        guard let request = next else { return false }
        let answer = transport.send(request.httpRequest)
        let lines = state.withLock { $0.receive(answer, to: request, now: clock(), random: .random(in: 0..<1)) }
        for line in lines { log(line.text) }
        return true
    }
}
