// RemoteConfigThread: drives a poller.
//
// Owns one plain thread, which polls, rests for as long as the report says, and goes on earlier when there is a reason. It
// has no descriptor while it rests. Decides nothing about configurations. Neighbours: RemoteConfigPoller does each round,
// PollBell wakes, RemoteConfigTransport is what `stop()` interrupts.

public import GraftConfig
internal import Glibc
internal import Synchronization

/// A client of Remote Configuration that polls by itself.
///
/// ```swift
/// let transport = AgentTransport(address: try .chosen(by: environment))
/// let thread = RemoteConfigThread(state: state, transport: transport)
/// thread.poller.registerCallback(MyCallback(), for: "MY_PRODUCT")
/// thread.poller.enableProduct("MY_PRODUCT")
/// try thread.start()
/// // …
/// thread.stop()
/// ```
///
/// Products are best registered before the start: they are all in the first request then, which an agent answers soonest.
/// The first poll is made at once. A product that is enabled later, or a callback that comes late, does not wait for the
/// interval, but for `attentionPause` after the round before.
///
/// Callbacks and hooks run on the thread. Signals are left to the program's threads, but for those that a thread causes
/// itself. The object lives as long as its thread runs; any thread may call its methods, one of its callbacks too. In a
/// forked child the thread does not exist, and all methods do nothing there: the child makes an object of its own, with a
/// state of its own, and need not wait for anything.
public final class RemoteConfigThread: Sendable {
    /// The thread's name, as the system shows it.
    public static let name = "graft-remote"
    /// Bytes of the thread's stack, in address space: callbacks run on it.
    public static let stackBytes = 1 << 20
    /// The least time between a round and one that somebody asks for: what is asked for in a row is done in one go, and a
    /// callback that asks again each time it is called does not keep a processor busy.
    public static let attentionPause = Duration.milliseconds(100)

    /// Where its life is: 0 before the start, 1 while the thread runs, 2 afterwards. Only ever grows.
    private enum Life {
        static let new: UInt8 = 0
        static let running: UInt8 = 1
        static let over: UInt8 = 2
    }

    /// The client.
    public let poller: RemoteConfigPoller
    private let transport: OwnTransport
    private let hooks: RemoteConfigHooks
    private let polls: Bool
    private let bell: PollBell
    private let life = Atomic(Life.new)
    /// The thread, once it runs.
    private let thread = Atomic<UInt>(0)
    /// Has a signal once the thread's work is over.
    private let end = WaitSemaphore()
    /// What is to be done when it is over; nil once that is so.
    private let followers = Guarded<[@Sendable () -> Void]?>([])

    /// A client that has not begun.
    ///
    /// - Parameters:
    ///   - state: mostly a new one, with a client's identifier of its own for each process.
    ///   - transport: what carries the questions. It is cancelled by `stop()` and cannot be used again.
    ///   - hooks: what is called on the thread.
    ///   - polls: whether it asks at all; without that it only runs the errand of the hooks.
    public init(
        state: RemoteConfigState, transport: any RemoteConfigTransport & Sendable,
        hooks: RemoteConfigHooks = RemoteConfigHooks(), polls: Bool = true
    ) {
        let bell = PollBell()
        self.bell = bell
        self.transport = OwnTransport(transport: transport, process: getpid())
        self.hooks = hooks
        self.polls = polls
        poller = RemoteConfigPoller(
            state: state, onAttention: { bell.ring($0 == .delivery ? .delivery : .request) })
    }

    /// Starts the thread. Does nothing when it has been started before, or stopped.
    ///
    /// - Throws: `system` when the system refuses a thread; it is over then.
    public func start() throws(ConfigError) {
        guard isOurs, leaveNew(for: Life.running) else { return }
        do throws(SystemFailure) {
            try PlainThread.start(Self.name, stackBytes: Self.stackBytes) { self.run() }
        } catch {
            finish()
            throw ConfigError(.system, "\(error.call): \(error.text) (errno \(error.number))")
        }
    }

    /// Has the agent asked soon, without waiting for the interval.
    public func pollSoon() { bell.ring(.request) }

    /// Ends it, and returns at once: an exchange that is going on is broken off, a rest too. A callback that is running ends
    /// as it would, as do those after it in the same round. Can be called again, and before the start, which then does
    /// nothing.
    public func stop() {
        guard isOurs else { return }
        bell.ring(.stop)
        transport.transport.cancel()
        if leaveNew(for: Life.over) { finish() }
    }

    /// Waits until the thread's work is over, for `limit` at most; whether it is. It is when it has never begun. On the thread
    /// itself, in a callback for one, it is false, at once.
    @discardableResult
    public func join(within limit: Duration? = nil) -> Bool {
        guard isOurs, life.load(ordering: .acquiring) == Life.running else { return true }
        guard thread.load(ordering: .acquiring) != UInt(pthread_self()) else { return false }
        guard end.wait(until: limit.map(MonotonicTime.now(plus:))) else { return false }
        // For whoever else waits.
        end.signal()
        return true
    }

    /// Has `body` called, once, when its work is over: as the last thing on the thread, or at once if it is over already.
    package func whenOver(_ body: @escaping @Sendable () -> Void) {
        let isOver = followers.withLock { followers in
            followers?.append(body)
            return followers == nil
        }
        if isOver { body() }
    }

    /// Whether its thread runs, in this process.
    public var isRunning: Bool { isOurs && life.load(ordering: .acquiring) == Life.running }

    /// Whether this is the process that made it.
    private var isOurs: Bool { transport.isOurs }

    /// Begins its life, or ends it before it began; false when either has been done.
    private func leaveNew(for next: UInt8) -> Bool {
        life.compareExchange(expected: Life.new, desired: next, ordering: .acquiringAndReleasing).exchanged
    }

    /// It is over, for all who wait.
    private func finish() {
        life.store(Life.over, ordering: .releasing)
        end.signal()
        let followers = followers.withLock { followers in
            defer { followers = nil }
            return followers ?? []
        }
        for follower in followers { follower() }
    }
}

// MARK: The thread

extension RemoteConfigThread {
    /// The thread's work. A callback may have forked and returned here, in a child: that child's only thread ends then.
    private func run() {
        thread.store(UInt(pthread_self()), ordering: .releasing)
        hooks.onStart()
        // What was adopted is in force without an agent, which may take its time to answer.
        if isOurs, !bell.hasStopped, let report = poller.deliver(), !report.calls.isEmpty {
            hooks.afterDelivery(report)
        }
        var errandDue: UInt64 = 0
        while isOurs, !bell.hasStopped { rest(polls ? pollOnce() : MonotonicTime.longest, errandDue: &errandDue) }
        guard isOurs else { return }
        hooks.onEnd()
        finish()
    }

    /// One poll; how long to wait after it.
    private func pollOnce() -> Duration {
        hooks.beforePoll()
        // All that has been rung for so far is done by this poll.
        bell.take()
        // Nil when somebody else polls: it is tried again when a poll would be due.
        guard let report = poller.poll(over: transport) else { return poller.state.pace.interval }
        if isOurs { hooks.afterPoll(report) }
        return report.delay
    }

    /// Waits until the next poll is due; meanwhile runs the errand, and delivers what callbacks wait for.
    private func rest(_ delay: Duration, errandDue: inout UInt64) {
        let due = MonotonicTime.now(plus: delay)
        var quiet = min(due, MonotonicTime.now(plus: Self.attentionPause))
        while isOurs, !bell.hasStopped, MonotonicTime.now < due {
            guard MonotonicTime.now < errandDue else {
                errandDue = hooks.errand().map(MonotonicTime.now(plus:)) ?? .max
                continue
            }
            var reasons = bell.answer(until: min(due, errandDue))
            guard !reasons.isEmpty else { continue }
            while !bell.hasStopped, MonotonicTime.now < quiet { reasons.formUnion(bell.answer(until: quiet)) }
            if bell.hasStopped || reasons.contains(.request) { return }
            if let report = poller.deliver(), isOurs { hooks.afterDelivery(report) }
            quiet = min(due, MonotonicTime.now(plus: Self.attentionPause))
        }
    }
}

/// A transport that a forked child asks nothing.
private struct OwnTransport: RemoteConfigTransport, Sendable {
    /// What carries the questions.
    let transport: any RemoteConfigTransport & Sendable
    /// Whose questions.
    let process: pid_t

    /// Whether this is that process.
    var isOurs: Bool { getpid() == process }

    func send(_ request: HTTPRequest) -> HTTPAnswer {
        isOurs ? transport.send(request) : .failure("the process has forked")
    }
}
