// Support: forks, lines of output, and a program with Remote Configuration.
//
// Owns what all scenarios share. A line of output is written at once. Waits go by a semaphore and end after ten seconds.

import Glibc
import GraftConfig
import GraftProducts
import GraftRemoteConfig
import Synchronization

/// fork(2), which Swift keeps to itself.
@_silgen_name("fork") func systemFork() -> pid_t

/// Writes one line, whole and at once.
@Sendable func say(_ text: String) { _ = "\(text)\n".withCString { write(1, $0, strlen($0)) } }

/// How a child has ended: waitpid's status.
@Sendable func waitFor(_ child: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status
}

/// What threads tell each other, without a lock that a fork could find taken.
final class Sign: Sendable {
    private let value = Atomic<Int>(0)
    private let semaphore = WaitSemaphore()

    /// Says it.
    func set(_ new: Int) {
        value.store(new, ordering: .releasing)
        semaphore.signal()
    }

    /// Adds one to it.
    func count() {
        value.add(1, ordering: .acquiringAndReleasing)
        semaphore.signal()
    }

    /// What is said now.
    var now: Int { value.load(ordering: .acquiring) }

    /// Waits until what is said fits; false when it does not within ten seconds.
    func wait(_ fits: (Int) -> Bool) -> Bool {
        let end = MonotonicTime.now(plus: .seconds(10))
        while !fits(now) { guard semaphore.wait(until: end) else { return fits(now) } }
        return true
    }
}

/// A callback that says in which process it was given all there is.
struct Watcher: RCCallback {
    /// Where the process's number goes.
    let given: Sign
    var action: @Sendable () -> Void = {}

    func callAsFunction(payloads: [Payload]) {
        if payloads.map(\.path.id) == ["a", "b"] {
            given.set(Int(getpid()))
        } else {
            say("given \(payloads.map(\.path))")
        }
        action()
    }
}

/// A product that is configured remotely.
struct Sampler: Product {
    let name = "sampler"
    let apmCapabilities: APMCapabilities = [.sampleRate]
    /// Hundredths, as told; 100 for the local rate.
    let rate: Sign
    func start() {}
    func restart(join: Bool) {}
    func stop(join: Bool) {}
    func atExit(join: Bool) {}
    func postPreload() {}
    func apmTracingRC(_ remote: LibraryConfig, _ settings: LibraryConfig) {
        rate.set(Int((settings.tracingSamplingRate ?? 1) * 100))
    }
}

/// The program: Remote Configuration, a callback for `P`, a product for APM_TRACING.
struct Program: Sendable {
    let remote: RemoteConfigProduct
    let manager: ProductManager
    let given = Sign()
    let rate = Sign()
    /// Polls that have begun.
    let polls = Sign()

    /// Talks to the agent at this URL; `action` is done by the callback.
    init(_ url: String, action: @escaping @Sendable () -> Void = {}) throws {
        var settings = RemoteConfigSettings(
            address: try AgentAddress(url: url), service: "shop", environment: "ci", tracerVersion: "1.0.0")
        settings.interval = .milliseconds(20)
        var hooks = RemoteConfigHooks()
        let polls = polls
        hooks.beforePoll = { polls.count() }
        remote = RemoteConfigProduct(settings, hooks: hooks)
        manager = try ProductManager([remote, Sampler(rate: rate)]) { line in
            if line.level > .debug { say(line.description) }
        }
        try manager.register(APMTracingProduct(manager, over: remote, identity: APMIdentity(service: "shop")))
        remote.registerCallback(Watcher(given: given, action: action), for: "P")
        remote.enableProduct("P")
        try manager.watchProcess()
        manager.start()
        manager.postPreload()
    }

    /// Waits until this process was given everything; says so if it was not.
    @discardableResult
    func waitUntilGiven(_ who: String) -> Bool {
        let isGiven = given.wait { $0 == Int(getpid()) }
        if !isGiven { say("\(who) is given nothing: \(remote.state.map { "\($0.link)" } ?? "no client")") }
        return isGiven
    }

    /// Says who this is.
    func introduce(_ who: String) { say("\(who) is \(remote.runtimeID ?? "nobody")") }

    /// Forks; the child waits until it was given everything, does `body`, and ends. How long fork took, and the child.
    func fork(_ body: () -> Void = {}) -> (time: Duration, child: pid_t) {
        let clock = ContinuousClock()
        let beginning = clock.now
        let child = systemFork()
        if child == 0 {
            if waitUntilGiven("a child") { body() }
            _exit(0)
        }
        return (clock.now - beginning, child)
    }
}
