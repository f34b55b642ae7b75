// ForkingPoller: a program that forks at every step of a poll; the tests start it and read what it says.
//
//   ForkingPoller SCENARIO
//
// Nothing here runs on the main actor: threads of its own call back into it. Neighbour: RemoteConfigForkTests, which knows
// what each scenario has to say.

import Glibc
import GraftRemoteConfig
import Synchronization

/// The thread of the parent, once there is one.
final class Parent: Sendable {
    let thread = Mutex<RemoteConfigThread?>(nil)
}

/// Forks once, on the thread that polls, and lives in the child; the child ends there.
@Sendable func forkOnce(_ hasForked: Atomic<Bool>.Box, _ parent: Parent) {
    guard !hasForked.value.exchange(true, ordering: .relaxed) else { return }
    let old = parent.thread.withLock { $0 }
    let child = systemFork()
    if child == 0 {
        liveInChild(old)
        _exit(0)
    }
    say("child ended \(waitFor(child))")
}

extension Atomic<Bool> {
    /// A flag that closures share.
    final class Box: Sendable { let value = Atomic<Bool>(false) }
}

/// Drives a poller through three questions, and whatever `hooks` and the callback do meanwhile.
func drive(_ parent: Parent, _ transport: Transport, _ hooks: RemoteConfigHooks, _ beat: Beat = Beat()) throws {
    let thread = RemoteConfigThread(state: state("parent"), transport: transport, hooks: hooks)
    parent.thread.withLock { $0 = thread }
    thread.poller.registerCallback(beat, for: "P")
    try thread.start()
    for _ in 0..<3 { if !transport.waitForQuestion() { say("the parent's thread does not ask") } }
    thread.stop()
    if !thread.join(within: .seconds(10)) { say("the parent's thread does not end") }
}

let parent = Parent()
let hasForked = Atomic<Bool>.Box()
let fork: @Sendable () -> Void = { [hasForked, parent] in forkOnce(hasForked, parent) }
var hooks = RemoteConfigHooks()
_ = firstProcess
switch CommandLine.arguments.dropFirst().first {
case "start":
    hooks.onStart = fork
    try drive(parent, Transport(), hooks)
case "before":
    hooks.beforePoll = fork
    try drive(parent, Transport(), hooks)
case "periodic": try drive(parent, Transport(), hooks, Beat(action: fork))
case "send": try drive(parent, Transport(action: fork), hooks)
case "after":
    hooks.afterPoll = { _ in fork() }
    try drive(parent, Transport(), hooks)
case "end":
    hooks.onEnd = fork
    try drive(parent, Transport(), hooks)
case "returns", "returns-late":
    // The child goes back into the round, and ends with its only thread.
    let split: @Sendable () -> Void = { [hasForked] in
        guard !hasForked.value.exchange(true, ordering: .relaxed) else { return }
        let child = systemFork()
        if child != 0 { say("child ended \(waitFor(child))") }
    }
    let isLate = CommandLine.arguments[1] == "returns-late"
    if !isLate { hooks.beforePoll = split }
    let asker = getpid()
    let watch: @Sendable () -> Void = { if getpid() != asker { say("a child asks for its parent") } }
    try drive(parent, Transport(action: watch), hooks, isLate ? Beat(action: split) : Beat())
case "exchange":
    // The main thread forks while the other one waits for its answer: the fork waits for nothing.
    let transport = Transport(waits: true)
    let thread = RemoteConfigThread(state: state("parent"), transport: transport)
    try thread.start()
    if !transport.waitForQuestion() { say("the parent's thread does not ask") }
    let child = systemFork()
    if child == 0 {
        liveInChild(thread)
        _exit(0)
    }
    say("child ended \(waitFor(child)); the parent's thread runs: \(thread.isRunning)")
    thread.stop()
    if !thread.join(within: .seconds(10)) { say("the parent's thread does not end") }
case "many":
    // At any step that it happens to be at.
    let transport = Transport()
    let thread = RemoteConfigThread(state: state("parent"), transport: transport)
    thread.poller.registerCallback(Beat(), for: "P")
    try thread.start()
    for _ in 0..<100 {
        let child = systemFork()
        if child == 0 {
            liveInChild(thread)
            _exit(0)
        }
        let end = waitFor(child)
        if end != 0 { say("a child ended \(end)") }
        thread.pollSoon()
    }
    thread.stop()
    say("done \(thread.join(within: .seconds(10)))")
default: exit(2)
}
