// Speaker: a product that says what is done to it, and the means to fork.
//
// Owns what all scenarios share. A line of output is written at once and names the process: "parent: start a", "child: ".

import Glibc
import GraftConfig
import GraftProducts
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

/// A product that says what is done to it.
struct Speaker: Product {
    let name: String
    var requires: [String] = []
    var breaks: Set<String> = []
    var action: @Sendable (String) -> Void = { _ in }

    private func call(_ method: String) throws {
        say("\(method) \(name)")
        action(method)
        if breaks.contains(method) { throw ProductError(.system, "broken") }
    }

    func start() throws { try call("start") }
    func restart(join: Bool) throws { try call("restart") }
    func stop(join: Bool) throws { try call("stop") }
    func atExit(join: Bool) throws { try call("atExit") }
    func postPreload() throws { try call("postPreload") }
    func beforeFork() { say("before \(name)"); action("before") }
    func afterForkInParent() { say("after \(name)") }
    func apmTracingRC(_ remote: LibraryConfig, _ settings: LibraryConfig) throws {
        say("rc \(name) \(remote.tracingSamplingRate.map { "\($0)" } ?? "local")")
    }
}

/// A manager whose children say that they are fresh.
func makeManager(_ products: [any Product]) throws -> ProductManager {
    try ProductManager(products) { line in
        if line.level > .debug { say(line.description) }
    } becomeFresh: {
        say("fresh")
    }
}

/// Forks; the child does `body` and ends without exit handlers. Returns when it has ended, with how it did.
func inChild(_ body: () throws -> Void) -> Int32 {
    let child = systemFork()
    if child == 0 {
        do { try body() } catch { _exit(9) }
        _exit(0)
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status
}

/// Two threads that want one Mutex at once, as the products of a child may.
func contend() {
    final class Shared: Sendable { let count = Mutex(0) }
    let shared = Shared()
    let work: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        Unmanaged<Shared>.fromOpaque(argument!).takeUnretainedValue().count.withLock { $0 += 1 }
        return nil
    }
    var thread = pthread_t()
    shared.count.withLock { _ in
        pthread_create(&thread, nil, work, Unmanaged.passUnretained(shared).toOpaque())
        // Long enough for the other thread to meet the lock; the test only becomes weaker if it is not.
        usleep(50_000)
    }
    pthread_join(thread, nil)
    say("contended")
}
