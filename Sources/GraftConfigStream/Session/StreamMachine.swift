// StreamMachine: session, streams and order, as a machine without effects.
//
// Owns what is known of the session and of the one or two streams, and decides on every input what is to be done: it returns
// actions and never waits, sends or reads a clock. The consumer carries them out. Inputs of tasks that were given up carry
// numbers that the machine has forgotten, and are ignored. Neighbours: StreamMachine+Streams, +Messages, StreamOrder.

/// The session × stream × sequence machine of one consumer.
struct StreamMachine {
    /// Tells a stream from others.
    typealias StreamID = Int

    /// Something that the machine waits for.
    enum Timer: Hashable {
        /// A pause before a session is asked for.
        case session(Int)
        /// A pause before a stream is opened.
        case stream(Int)
    }

    /// Something to be done.
    enum Action: Hashable {
        /// Register, or ask the provider, or take the fixed id: `sessionObtained` or `sessionRefused` follows, with this number.
        case obtainSession(Int)
        /// Refresh the session at this interval until `endSession`.
        case keepSession(String, intervalSeconds: UInt32)
        /// Stop refreshing.
        case endSession(String)
        /// Open a stream.
        case open(StreamID, session: String)
        /// Close a stream; nothing more is wanted of it.
        case close(StreamID)
        /// Report `waited` after a pause that grows with the number of attempts; with `.max`, after the longest.
        case wait(Timer, attempt: Int)
    }

    /// What is known of the session.
    enum Session: Hashable {
        /// Nothing, and nothing is asked. Next: asking.
        case none
        /// It is asked for. Next: active, pausing.
        case asking(Int)
        /// Asking failed. Next: asking.
        case pausing(Int)
        /// There is one. Next: asking, when it was rejected.
        case active(String)
    }

    /// One stream.
    struct Stream: Hashable {
        /// Tells it from others.
        let id: StreamID
        /// Whose session it was opened with.
        let session: String
        /// Whether it has said its snapshot.
        var hasSnapshot = false
        /// When its first snapshot came.
        var liveSince: ContinuousClock.Instant?
    }

    /// The rules of order.
    let profile: StreamProfile
    /// How long a stream must have been live for what happens to it next to count as its first trouble.
    let healthyAfter: Duration

    /// Whether the session's id is the caller's and cannot be replaced.
    let sessionIsFixed: Bool

    var session = Session.none
    /// The stream whose events are applied.
    var current: Stream?
    /// The stream that is to take its place.
    var next: Stream?
    /// Whether updates of the current stream are missing.
    var isBehind = false
    /// The pause before a stream is opened, if there is one.
    var pause: Int?
    var order: StreamOrder
    var counters = StreamCounters()
    /// Counts the streams whose snapshot was taken.
    var epoch: UInt64 = 0
    /// Whether a snapshot has ever been applied.
    var isReady = false
    /// How many times in a row something went wrong with the session, and with streams.
    var sessionTroubles = 0
    var streamTroubles = 0
    /// The last failure; nil since the last snapshot.
    var failure: StreamFailure?
    var hasStopped = false
    /// The last number given to a stream, a timer or a question for a session.
    private var lastNumber = 0

    /// The machine of a consumer that has not begun.
    init(profile: StreamProfile, healthyAfter: Duration, sessionIsFixed: Bool, order: StreamOrder) {
        self.profile = profile
        self.sessionIsFixed = sessionIsFixed
        self.healthyAfter = healthyAfter
        self.order = order
    }

    /// A number that was not given before.
    mutating func number() -> Int {
        lastNumber += 1
        return lastNumber
    }

    /// It begins.
    mutating func start() -> [Action] { [askForSession()] }

    /// It ends; everything that comes later is ignored.
    mutating func stop() -> [Action] {
        hasStopped = true
        defer {
            session = .none
            current = nil
            next = nil
            pause = nil
        }
        return closeStreams() + endSession()
    }

    /// A session was obtained.
    mutating func sessionObtained(_ number: Int, _ registration: Registration) -> [Action] {
        guard session == .asking(number) else { return [] }
        session = .active(registration.sessionID)
        sessionTroubles = 0
        counters.sessionRegistrations += 1
        return [.keepSession(registration.sessionID, intervalSeconds: registration.refreshIntervalSeconds)]
            + openIfDue()
    }

    /// No session was obtained.
    mutating func sessionRefused(_ number: Int, _ failure: StreamFailure) -> [Action] {
        guard session == .asking(number) else { return [] }
        self.failure = failure
        let timer = self.number()
        session = .pausing(timer)
        sessionTroubles += 1
        return [.wait(.session(timer), attempt: isPermanent(failure) ? .max : sessionTroubles - 1)]
    }

    /// A refresh failed. Only one that rejects the session says anything about it.
    mutating func refreshFailed(_ id: String, _ failure: StreamFailure) -> [Action] {
        counters.sessionRefreshFailures += 1
        guard failure.rejectsSession, session == .active(id) else { return [] }
        counters.resyncs[.session, default: 0] += current == nil ? 0 : 1
        self.failure = failure
        return replaceSession()
    }

    /// A pause is over.
    mutating func waited(_ timer: Timer) -> [Action] {
        switch timer {
        case .session(let number) where session == .pausing(number): return [askForSession()]
        case .stream(let number) where pause == number:
            pause = nil
            return openIfDue()
        case .session, .stream: return []
        }
    }

    /// Asks for a session.
    private mutating func askForSession() -> Action {
        let number = number()
        session = .asking(number)
        return .obtainSession(number)
    }

    /// Gives the session up, with its streams, and asks for another one.
    mutating func replaceSession() -> [Action] {
        let actions = closeStreams() + endSession()
        current = nil
        next = nil
        isBehind = false
        return actions + [askForSession()]
    }

    /// Closes what is open.
    private func closeStreams() -> [Action] { [current, next].compactMap { $0.map { .close($0.id) } } }

    /// Stops refreshing what was refreshed.
    private func endSession() -> [Action] {
        if case .active(let id) = session { [.endSession(id)] } else { [] }
    }

    /// Whether trying again soon is of no use.
    func isPermanent(_ failure: StreamFailure) -> Bool {
        failure.code == .unimplemented || failure.code == .address || sessionIsFixed && failure.rejectsSession
    }
}
