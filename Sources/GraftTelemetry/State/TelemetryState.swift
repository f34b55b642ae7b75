// TelemetryState: everything that a client of telemetry knows, as one value.
//
// Owns what there is to tell, what was told, and when to send. It does no I/O, reads no clock, takes no lock and calls
// nobody: whoever owns it hands in facts, asks for the request that is due, sends it and hands the answer back. Its parts:
// Composing makes requests, Receiving takes answers in; a book for each sort of fact knows what was accepted. Neighbours:
// RemoteConfigTransport carries its requests, on the thread that also polls Remote Configuration.

/// The state of a client of telemetry.
///
/// ```swift
/// var state = TelemetryState(settings: settings, session: session, application: application, host: .current(), now: clock())
/// // Whenever state.due has come, and at the end after state.close():
/// state.take(facts)
/// while let request = state.nextRequest(now: clock(), time: time(nil)) {
///     let answer = transport.send(request.httpRequest)
///     for line in state.receive(answer, to: request, now: clock(), random: .random(in: 0..<1)) { log(line) }
/// }
/// ```
///
/// `now` is the time since some fixed moment, by a clock that never goes back; `time` is the number of seconds since 1970.
/// One request at a time. Facts may come at any time: what changes while a request is under way is told with the next.
public struct TelemetryState: Sendable {
    /// Where the client stands. `off` and `closed` are for ever; `starting` → `running` when `app-started` is accepted;
    /// either → `closing` by `close()`, or `off` → `off`; `closing` → `closed` when all is told or one request fails.
    enum Phase: Sendable, Hashable {
        /// Telemetry is switched off: nothing is kept and nothing sent.
        case off
        /// The start was not accepted yet, so nothing else is sent.
        case starting
        /// Heartbeats, and whatever changes.
        case running
        /// The last requests. `isStarted`: the start was accepted, or is not this process's to tell.
        case closing(isStarted: Bool)
        /// Nothing more is sent.
        case closed
    }

    /// What the environment asks for.
    public let settings: TelemetrySettings
    /// Which process speaks.
    public internal(set) var session: TelemetrySession
    /// How much is kept and sent; an agent that finds requests too large makes `payloadBytes` less.
    public internal(set) var limits: TelemetryLimits

    /// What is the same in every request.
    var envelope: TelemetryEnvelope
    /// Where the client stands.
    var phase: Phase
    /// When the next request is due.
    var pace: TelemetryPace
    /// How things stand with the agent.
    var link = TelemetryLink()
    /// The number of the last request.
    var sequence: UInt64 = 0
    /// The number of the request that is under way; nil when none is.
    var underWay: UInt64?
    /// Whether something waits that had no room in the last request.
    var hasMore = false
    /// Requests that were accepted.
    var accepted: UInt64 = 0
    /// Requests that were not.
    var failed: UInt64 = 0
    /// Whether the log was told that limits leave something out.
    var saidDropped = false

    /// The packages.
    var dependencies: DependencyBook
    /// The products.
    var products: Ledger<String, TelemetryProduct>
    /// The settings.
    var configuration: ConfigurationBook
    /// The metrics.
    var metrics: MetricBook
    /// The messages of the log.
    var logs: LogBook

    /// A client that has told nothing yet. A process that was forked gets its client by `forked(runtimeID:now:)`, or here by
    /// a session that was: then it tells settings and products anew as well, and counts begin as they do there.
    public init(
        settings: TelemetrySettings, session: TelemetrySession, application: TelemetryApplication, host: TelemetryHost,
        limits: TelemetryLimits = TelemetryLimits(), now: Duration
    ) {
        self.settings = settings
        self.session = session
        self.limits = limits
        envelope = TelemetryEnvelope(
            session: session, application: application, host: host, isDebug: settings.isDebug)
        phase = !settings.isEnabled ? .off : session.isForked ? .running : .starting
        pace = TelemetryPace(settings: settings)
        pace.start(at: now)
        dependencies = DependencyBook(limits: limits)
        products = Ledger(limit: limits.products)
        configuration = ConfigurationBook(limits: limits)
        metrics = MetricBook(limits: limits, isForked: session.isForked)
        logs = LogBook(limits: limits)
        configuration.take(settings.configuration)
    }
}

// MARK: What there is to tell

extension TelemetryState {
    /// Takes in how things stand now, all of it. What is as it was is not told again.
    public mutating func take(_ facts: TelemetryFacts) {
        guard phase != .off else { return }
        if settings.sendsDependencies { dependencies.take(facts.dependencies) }
        for product in facts.products where products[product.name] != product { products.set(product.name, product) }
        configuration.take(facts.configuration)
        if settings.sendsMetrics { metrics.take(facts.metrics) }
    }

    /// Takes in a message of the log.
    public mutating func take(_ log: TelemetryLog) {
        guard phase != .off, settings.sendsLogs else { return }
        logs.take(log)
    }

    /// The program ends: whatever waits is told, and the end, in the requests that `nextRequest` gives from now on, without
    /// a pause. The first one that fails is the last.
    public mutating func close() {
        switch phase {
        case .starting: phase = .closing(isStarted: false)
        case .running: phase = .closing(isStarted: true)
        case .off, .closing, .closed: break
        }
    }

    /// The client of the child, to be made of a copy of this value in a process that was forked. It has numbers of its own
    /// from 1 and reports neither a start nor an end, which are the first process's. It tells the packages anew, since
    /// they are in use here too; what it inherits of products and settings is known. Counts begin where the first facts
    /// that it is given find them, for what they have grown by until the fork is the parent's to tell: hand facts in soon.
    /// A request that was under way is the parent's.
    public func forked(runtimeID: String, now: Duration) -> TelemetryState {
        var child = self
        child.session = TelemetrySession(runtimeID: runtimeID, forkedFrom: session)
        child.envelope = TelemetryEnvelope(envelope, session: child.session)
        child.phase = settings.isEnabled ? .running : .off
        child.pace = TelemetryPace(settings: settings)
        child.pace.start(at: now)
        child.link = TelemetryLink()
        (child.sequence, child.underWay, child.hasMore) = (0, nil, false)
        (child.accepted, child.failed) = (0, 0)
        child.dependencies.ledger.forgetAcceptance()
        child.products.acceptEverything()
        child.configuration.ledger.acceptEverything()
        child.metrics.beginAnew()
        child.logs = LogBook(limits: limits)
        return child
    }
}

// MARK: When

extension TelemetryState {
    /// When to ask for the next request, by the clock of `now`; nil for never, or while one is under way. A time that has
    /// passed is at once.
    public var due: Duration? {
        guard underWay == nil else { return nil }
        switch phase {
        case .off, .closed: return nil
        case .starting: return pace.soonest
        case .running: return hasMore ? pace.soonest : pace.due
        case .closing: return .zero
        }
    }
}
