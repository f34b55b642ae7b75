// Scenarios: what the program does, one function for each.
//
// Nothing here runs on the main actor: threads of its own call back into it. Neighbour: ForkTests, which knows what each
// scenario has to say.

import Glibc
import GraftConfig
import GraftProducts
import Synchronization

/// The scenarios by name.
let scenarios: [String: @Sendable () throws -> Void] = [
    "order": orderScenario,
    "restart-fails": restartFailsScenario,
    "during-start": duringStartScenario,
    "contention": contentionScenario,
    "nested": nestedScenario,
    "many": manyScenario,
    "slow": slowScenario,
    "exit": exitScenario,
    "remote": remoteScenario,
]

@Sendable func orderScenario() throws {
    let manager = try makeManager([
        Speaker(name: "b", requires: ["a"]), Speaker(name: "a"), Speaker(name: "bad", breaks: ["start"]),
        Speaker(name: "worse", requires: ["bad"]),
    ])
    try manager.watchProcess()
    manager.start()
    let end = inChild { manager.stop() }
    say("child ended \(end)")
    manager.stop()
}

@Sendable func restartFailsScenario() throws {
    let manager = try makeManager([
        Speaker(name: "a", breaks: ["restart"]), Speaker(name: "b", requires: ["a"]), Speaker(name: "c"),
    ])
    try manager.watchProcess()
    manager.start()
    let end = inChild { for status in manager.status { say("\(status.name) is \(status.state.slug)") } }
    say("child ended \(end)")
    say("b is \(manager.status[1].state.slug)")
}

@Sendable func duringStartScenario() throws {
    // A start that waits for input which comes only after the fork: a fork that waited for it would never return.
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    let (readEnd, writeEnd) = (ends[0], ends[1])
    final class Entered: Sendable { let flag = Atomic(false) }
    let entered = Entered()
    let slow = Speaker(name: "slow", requires: ["a"]) { method in
        guard method == "start" else { return }
        entered.flag.store(true, ordering: .releasing)
        var byte: UInt8 = 0
        while read(readEnd, &byte, 1) < 0, errno == EINTR {}
    }
    let manager = try makeManager([Speaker(name: "a"), slow, Speaker(name: "later")])
    try manager.watchProcess()
    var thread = pthread_t()
    let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        Unmanaged<ProductManager>.fromOpaque(argument!).takeUnretainedValue().start()
        return nil
    }
    pthread_create(&thread, nil, start, Unmanaged.passUnretained(manager).toOpaque())
    while !entered.flag.load(ordering: .acquiring) { sched_yield() }
    let end = inChild {
        for status in manager.status { say("\(status.name) is \(status.state.slug)") }
        manager.start()
        manager.stop()
    }
    say("child ended \(end)")
    var byte: UInt8 = 1
    write(writeEnd, &byte, 1)
    pthread_join(thread, nil)
    manager.stop()
}

@Sendable func contentionScenario() throws {
    let manager = try makeManager([Speaker(name: "a") { if $0 == "restart" { contend() } }])
    try manager.watchProcess()
    manager.start()
    // So that this thread remembers its number, as any that has used a Mutex does.
    let used = Mutex(0)
    used.withLock { $0 += 1 }
    say("child ended \(inChild {})")
}

@Sendable func nestedScenario() throws {
    let manager = try makeManager([Speaker(name: "a")])
    try manager.watchProcess()
    manager.start()
    let end = inChild {
        let inner = inChild { say("grandchild: \(manager.isRunning("a"))") }
        say("grandchild ended \(inner)")
    }
    say("child ended \(end)")
}

@Sendable func manyScenario() throws {
    // Forks on several threads while another starts and looks: none may wait, and every child can work.
    let manager = try makeManager([])
    try manager.watchProcess()
    let fork: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        let manager = Unmanaged<ProductManager>.fromOpaque(argument!).takeUnretainedValue()
        for _ in 0..<20 {
            let end = inChild {
                manager.start(); manager.stop(); _ = manager.status
            }
            if end != 0 { say("a child ended \(end)") }
        }
        return nil
    }
    var threads = [pthread_t(), pthread_t()]
    for index in threads.indices {
        pthread_create(&threads[index], nil, fork, Unmanaged.passUnretained(manager).toOpaque())
    }
    for _ in 0..<200 { manager.start(); _ = manager.status }
    for thread in threads { pthread_join(thread, nil) }
    say("done")
}

@Sendable func slowScenario() throws {
    let manager = try makeManager([Speaker(name: "a") { if $0 == "before" { usleep(20_000) } }])
    try manager.watchProcess()
    manager.start()
    say("child ended \(inChild {})")
}

@Sendable func exitScenario() throws {
    let manager = try makeManager([Speaker(name: "b", requires: ["a"]), Speaker(name: "a")])
    try manager.watchProcess()
    manager.start()
    let child = systemFork()
    if child == 0 { exit(0) }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    say("child ended \(status)")
}

@Sendable func remoteScenario() throws {
    let manager = try makeManager([Speaker(name: "a")])
    let tracing = APMTracing(manager, identity: APMIdentity(service: "s"))
    try tracing.watchProcess()
    try manager.watchProcess()
    manager.start()
    func change(_ path: String, _ rate: Double) -> APMTracingChange {
        APMTracingChange(path: path, content: ["lib_config": ["tracing_sampling_rate": .number(rate)]])
    }
    tracing.apply([change("old", 0.25)])
    let end = inChild {
        say("inherited \(tracing.remote.tracingSamplingRate ?? -1)")
        tracing.apply([change("new", 0.5)])
        tracing.apply([APMTracingChange(path: "new", content: nil)])
    }
    say("child ended \(end)")
    say("parent's \(tracing.remote.tracingSamplingRate ?? -1)")
}
