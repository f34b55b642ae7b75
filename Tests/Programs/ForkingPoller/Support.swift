// Support: forks, lines of output, and an agent in memory.
//
// Owns what all scenarios share. A line of output is written at once and names the process: "parent: ", "child: ".

import Glibc
import GraftConfig
import GraftRemoteConfig
import Synchronization

/// fork(2), which Swift keeps to itself.
@_silgen_name("fork") func systemFork() -> pid_t

/// The number of the process that was started first.
let firstProcess = getpid()

/// Writes one line, whole and at once.
@Sendable func say(_ text: String) {
    let line = "\(getpid() == firstProcess ? "parent" : "child"): \(text)\n"
    _ = line.withCString { write(1, $0, strlen($0)) }
}

/// How a child has ended: waitpid's status.
func waitFor(_ child: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status
}

/// A transport that says "nothing has changed", or waits until it is cancelled, and does something first.
final class Transport: RemoteConfigTransport, Sendable {
    private let waits: Bool
    private let action: @Sendable () -> Void
    private let cancelled = WaitSemaphore()
    private let isAsked = WaitSemaphore()

    init(waits: Bool = false, action: @escaping @Sendable () -> Void = {}) {
        self.waits = waits
        self.action = action
    }

    func send(_ request: HTTPRequest) -> HTTPAnswer {
        action()
        isAsked.signal()
        if waits { _ = cancelled.wait() }
        return .response(status: 200, body: Array("{}".utf8))
    }

    func cancel() { cancelled.signal() }

    /// Waits until it was asked, once for each time.
    func waitForQuestion() -> Bool { isAsked.wait(until: MonotonicTime.now(plus: .seconds(10))) }
}

/// A client that asks often.
func state(_ client: String) -> RemoteConfigState {
    let tracer = ClientTracer(runtimeID: "runtime of \(client)", tracerVersion: "1.0.0", service: "s", environment: "e")
    return RemoteConfigState(
        clientID: client, tracer: tracer, pace: PollPace(interval: .milliseconds(1)), asksInfo: false)
}

/// A callback that does something at each beat.
struct Beat: RCCallback {
    var action: @Sendable () -> Void = {}
    func callAsFunction(payloads: [Payload]) {}
    func periodic() { action() }
}

/// What every child does: the parent's thread is not there and is not waited for; a new one polls, while this thread wants
/// the poller's lock too.
@Sendable func liveInChild(_ old: RemoteConfigThread?) {
    if let old {
        old.stop()
        if old.isRunning || !old.join() { say("the parent's thread is here") }
    }
    let transport = Transport()
    let thread = RemoteConfigThread(state: state("child"), transport: transport)
    thread.poller.registerCallback(Beat(), for: "P")
    do { try thread.start() } catch { say("\(error)") }
    for number in 0..<5_000 { thread.poller.enableProduct("P\(number % 10)") }
    if !transport.waitForQuestion() { say("the child's thread does not ask") }
    thread.stop()
    if !thread.join(within: .seconds(10)) { say("the child's thread does not end") }
}
