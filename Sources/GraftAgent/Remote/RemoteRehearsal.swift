// RemoteRehearsal.swift: what the thread that asks the Datadog agent will do, done once before.
//
// The Swift runtime makes the description of a type when it is first used, under a lock of its own; a child whose parent held
// that lock on another thread would wait for it for ever. What exists already is found without a lock. So each way that an
// answer can take is gone once, over answers from memory, while forks wait a moment (AgentProcess.swift), and with a
// client of no consequence. Neighbour: RehearsalTransport plays the Datadog agent.

internal import GraftRemoteConfig

/// The way of a round.
enum RemoteRehearsal {
    /// Goes it, on the calling thread.
    static func run() {
        let state = RemoteConfigState(
            clientID: "client", tracer: ClientTracer(runtimeID: "runtime", tracerVersion: "0.0.0"))
        let poller = RemoteConfigPoller(state: state)
        let inbox = RemoteInbox()
        poller.registerCallback(
            RemoteCallback(inbox: inbox, notApplied: { _ in }), for: RemoteLink.product)
        poller.enableProduct(RemoteLink.product)
        let transport = RehearsalTransport(files: [
            (path: "datadog/2/\(RemoteLink.product)/a/config", text: #"{"targets":[]}"#),
            (path: "datadog/2/\(RemoteLink.product)/b/config", text: "{}"),
        ])
        for _ in 0..<transport.count {
            if let report = poller.poll(over: transport) { inbox.note(report) }
        }
        _ = inbox.take()
    }
}
