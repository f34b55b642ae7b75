// RemoteLink.swift: Remote Configuration as the agent's thread sees it: updates in, acknowledgements out.
//
// Owns the client of this process and which of its configurations the product has. Used by the agent's thread alone. A
// forked child makes a new one, with identifiers of its own: what its parent's client had applied stays in force until an
// answer of the Datadog agent says otherwise. Neighbours: RemoteConfigThread asks, RemoteInbox.swift carries,
// RemoteReport.swift shows.

internal import Graft
internal import GraftConfig
internal import GraftRemoteConfig
internal import GraftSCA
internal import GraftTelemetry

/// The agent's side of Remote Configuration.
final class RemoteLink {
    /// The product that detection is configured by.
    static let product = "SCA_DETECTION"

    /// What a forked child takes over from its parent's link: values, no part of the link itself, which is half of a thread
    /// that does not exist in the child.
    struct Inheritance {
        /// The configurations that the product has.
        var paths: [String] = []
        /// Which process telemetry speaks for; nil for a process that was not forked.
        var session: TelemetrySession?
    }

    /// The longest that the end waits for the thread, and then for the Datadog agent: the program's exit waits too.
    static let endWait = Duration.milliseconds(250)

    /// A configuration that the product was given.
    private struct Given {
        /// What it was given; nil for one that was in force before this client's first answer.
        var payload: RemotePayload?
        /// What was last said of it.
        var acknowledgement: Acknowledgement?
    }

    private let settings: RemoteSettings
    /// What asks, and rests in between.
    private let thread: RemoteConfigThread
    /// What has come.
    let inbox: RemoteInbox
    /// What sends telemetry; nil when none is sent.
    let telemetry: TelemetrySender?
    private let session: TelemetrySession
    /// Entered while the thread rehearses; nil when it need not.
    private let rehearsal: Turnstile?
    /// The last good configurations on disk; nil when none are kept.
    let cache: RemoteCache?
    /// What the product has, by path.
    private var given: [String: Given]
    /// Updates so far.
    private var sequence: UInt64 = 0
    /// Whether an answer has said what is in force.
    private var isConfirmed = false
    /// Whether the Datadog agent has been tried.
    private(set) var hasTried = false

    /// A link that has asked for nothing yet.
    init(
        settings: RemoteSettings, telemetry: TelemetrySettings, inheriting parent: Inheritance = Inheritance(),
        rehearsal: Turnstile? = nil, log: AgentLog
    ) {
        self.settings = settings
        self.rehearsal = rehearsal
        given = Dictionary(uniqueKeysWithValues: parent.paths.map { ($0, Given()) })
        let runtimeID = Identifier.random()
        session =
            parent.session.map { TelemetrySession(runtimeID: runtimeID, forkedFrom: $0) }
            ?? TelemetrySession(runtimeID: runtimeID)
        let tracer = settings.tracer(runtimeID: runtimeID, version: Instrumentation.version)
        let sender =
            telemetry.isEnabled
            ? TelemetrySender(settings: telemetry, session: session, tracer: tracer, log: log) : nil
        let inbox = RemoteInbox()
        (self.inbox, self.telemetry) = (inbox, sender)
        let cache = session.isForked || !settings.polls ? nil : RemoteCache(settings: settings, log: log)
        self.cache = cache
        let transport = AgentTransport(
            address: settings.address, environment: settings.variables, timeout: settings.timeout)
        let state = RemoteConfigState(
            clientID: Identifier.random(), tracer: tracer, pace: PollPace(interval: settings.interval))
        var hooks = Self.hooks(inbox: inbox, telemetry: sender, cache: cache, transport: transport, log: log)
        hooks.onStart = {
            Instrumentation.exemptThread(true)
            guard let rehearsal else { return }
            RemoteRehearsal.run()
            rehearsal.leave()
        }
        thread = RemoteConfigThread(state: state, transport: transport, hooks: hooks, polls: settings.polls)
        let poller = thread.poller
        poller.registerCallback(
            RemoteCallback(inbox: inbox, notApplied: { poller.acknowledge($0, .unacknowledged) }), for: Self.product)
        poller.enableProduct(Self.product)
    }

    /// What is done on the thread besides asking. What it calls is not reported: the program did not call it.
    private static func hooks(
        inbox: RemoteInbox, telemetry: TelemetrySender?, cache: RemoteCache?, transport: AgentTransport, log: AgentLog
    ) -> RemoteConfigHooks {
        var hooks = RemoteConfigHooks()
        hooks.afterPoll = { report in
            for line in report.log { log(line.text) }
            inbox.note(report)
            if inbox.isConfirmed { cache?.keep() }
        }
        hooks.afterDelivery = { report in for line in report.log { log(line.text) } }
        hooks.errand = { telemetry?.sendDue(over: transport) }
        return hooks
    }

    /// Begins to ask, and to send. What the cache holds can be taken at once.
    func start() throws(AgentError) {
        cache?.load(into: poller)
        guard settings.polls || telemetry != nil else { return }
        rehearsal?.enter()
        do throws(ConfigError) {
            try thread.start()
        } catch {
            rehearsal?.leave()
            throw AgentError(.os, error.message)
        }
    }

    /// Ends, and says so if telemetry is sent: waits for that, twice `endWait` at most.
    func end() {
        thread.stop()
        guard let telemetry, thread.join(within: Self.endWait) else { return }
        let transport = AgentTransport(
            address: settings.address, environment: settings.variables, timeout: min(settings.timeout, Self.endWait))
        telemetry.close(over: transport)
    }

    /// What a forked child takes over.
    var inheritance: Inheritance { Inheritance(paths: given.keys.sorted(), session: session) }

    /// The client.
    var poller: RemoteConfigPoller { thread.poller }

    /// The descriptor that is readable when something has come; -1 when there is none.
    var descriptor: Int32 { inbox.bell.descriptor(of: .agent) }

    /// Where the Datadog agent is.
    var address: AgentAddress { settings.address }

    /// Whether it is asked for configuration.
    var polls: Bool { settings.polls }
}

extension RemoteLink {
    /// What the product is to apply, now.
    func take() -> [ConfigUpdate] {
        let mail = inbox.take()
        hasTried = hasTried || mail.hasTried
        var updates = mail.payloads.map(update)
        guard mail.isConfirmed, !isConfirmed else { return updates }
        isConfirmed = true
        // What was in force before this client began and is not any more: nobody else will say that it is gone.
        for (path, known) in given where known.payload == nil { updates.append(removal(of: path)) }
        return updates
    }

    /// Tells the Datadog agent, with its next question, how far each configuration is in force.
    func acknowledge(_ standings: ([String]) -> [String: Standing]) {
        let paths = given.compactMap { $0.value.payload == nil ? nil : $0.key }
        guard !paths.isEmpty else { return }
        for (path, standing) in standings(paths) {
            let acknowledgement = Acknowledgement(standing)
            guard let payload = given[path]?.payload, given[path]?.acknowledgement != acknowledgement else { continue }
            given[path]?.acknowledgement = acknowledgement
            poller.acknowledge(payload, acknowledgement)
        }
    }

    /// What a payload means to the product.
    private func update(_ payload: RemotePayload) -> ConfigUpdate {
        let path = payload.path.text
        guard let bytes = payload.bytes else { return removal(of: path) }
        given[path] = Given(payload: payload)
        sequence += 1
        return ConfigUpdate(
            path: path, version: payload.metadata.version, sequence: sequence, content: .payload(bytes))
    }

    /// The removal of a configuration.
    private func removal(of path: String) -> ConfigUpdate {
        let version = given.removeValue(forKey: path)?.payload?.metadata.version
        sequence += 1
        return ConfigUpdate(path: path, version: version ?? 0, sequence: sequence, content: .removed)
    }
}
