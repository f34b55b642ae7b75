// RemoteConfigClient: the client of one process.
//
// Owns a thread that polls, the two identifiers of this process, and the moment of the first poll: an agent serves what the
// first request asks for at once, and what comes later may wait for a minute, so the first poll waits until the
// products that start together have all said what they want. Neighbour: RemoteConfigProduct makes one for each process.

internal import GraftConfig
internal import GraftRemoteConfig
internal import Synchronization

/// One process's client.
final class RemoteConfigClient: Sendable {
    /// The longest that the first poll waits for.
    static let firstPollWait = Duration.seconds(1)

    /// What polls.
    let thread: RemoteConfigThread
    /// The identifier of this process.
    let runtimeID: String
    /// Has a signal once the first poll need not wait any more.
    private let mayPoll: WaitSemaphore
    /// Whether the agent has said what is in force.
    private let answered: Answered

    /// A flag that the thread's hooks set.
    private final class Answered: Sendable { let flag = Atomic(false) }

    /// A client that has not begun.
    init(
        _ settings: RemoteConfigSettings, tracer: ClientTracer, runtimeID: String,
        transport: any RemoteConfigTransport & Sendable, hooks: RemoteConfigHooks
    ) {
        let (mayPoll, answered) = (WaitSemaphore(), Answered())
        var tracer = tracer
        tracer.runtimeID = runtimeID
        var own = hooks
        own.onStart = {
            hooks.onStart()
            _ = mayPoll.wait(until: MonotonicTime.now(plus: Self.firstPollWait))
        }
        own.afterPoll = { report in
            if report.outcomes.contains(where: \.saysWhatIsInForce) { answered.flag.store(true, ordering: .releasing) }
            hooks.afterPoll(report)
        }
        let state = RemoteConfigState(
            clientID: Identifier.random(), tracer: tracer, pace: PollPace(interval: settings.interval),
            asksInfo: settings.asksInfo, limits: settings.limits)
        thread = RemoteConfigThread(state: state, transport: transport, hooks: own)
        (self.runtimeID, self.mayPoll, self.answered) = (runtimeID, mayPoll, answered)
    }

    /// What knows the configurations.
    var poller: RemoteConfigPoller { thread.poller }

    /// Whether the agent has said what is in force.
    var hasAnswer: Bool { answered.flag.load(ordering: .acquiring) }

    /// The first poll need not wait any more.
    func letPoll() { mayPoll.signal() }

    /// Ends it, and returns at once.
    func stop() {
        thread.stop()
        letPoll()
    }
}

extension ReceiveOutcome {
    /// Whether the agent has said what is in force.
    fileprivate var saysWhatIsInForce: Bool {
        switch verdict {
        case .updated, .unchanged, .expired: true
        default: false
        }
    }
}
