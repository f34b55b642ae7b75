// ForkingRemote: a program with Remote Configuration that forks; the tests start it, beside an agent, and read what it says.
//
//   ForkingRemote SCENARIO URL
//
// Nothing here runs on the main actor: threads of its own call back into it. Neighbour: RemoteForkTests, which knows what
// each scenario has to say.

import Glibc
import GraftProducts
import Synchronization

/// The scenarios by name.
let scenarios: [String: @Sendable (String) throws -> Void] = [
    "family": family, "early": early, "under-way": underWay, "stalled": stalled, "threads": threads,
    "callback": callback, "withdrawn": withdrawn,
]

/// A child and a grandchild; the parent polls on.
@Sendable func family(_ url: String) throws {
    let program = try Program(url)
    program.waitUntilGiven("the parent")
    program.introduce("parent")
    let (_, child) = program.fork {
        program.introduce("child")
        let (_, grandchild) = program.fork { program.introduce("grandchild") }
        say("grandchild ended \(waitFor(grandchild))")
    }
    say("child ended \(waitFor(child))")
    let polls = program.polls.now
    say("parent polls on: \(program.polls.wait { $0 >= polls + 3 })")
    program.introduce("parent")
    program.manager.stop(join: true)
}

/// Forks at once after the start, again and again.
@Sendable func early(_ url: String) throws {
    let program = try Program(url)
    for _ in 0..<20 {
        let (_, child) = program.fork()
        let end = waitFor(child)
        if end != 0 { say("a child ended \(end)") }
    }
    program.waitUntilGiven("the parent")
    program.manager.stop(join: true)
    say("done")
}

/// Forks each time that a poll has just begun; the agent takes its time.
@Sendable func underWay(_ url: String) throws {
    let program = try Program(url)
    for _ in 0..<10 {
        let polls = program.polls.now
        _ = program.polls.wait { $0 > polls }
        let (_, child) = program.fork()
        let end = waitFor(child)
        if end != 0 { say("a child ended \(end)") }
    }
    program.waitUntilGiven("the parent")
    program.manager.stop(join: true)
    say("done")
}

/// Forks while the agent does not answer: the longest fork, and the stop, in milliseconds.
@Sendable func stalled(_ url: String) throws {
    let program = try Program(url)
    _ = program.polls.wait { $0 > 0 }
    let clock = ContinuousClock()
    var longest = Duration.zero
    for _ in 0..<20 {
        let beginning = clock.now
        let child = systemFork()
        if child == 0 {
            let childBeginning = clock.now
            program.manager.stop(join: true)
            if clock.now - childBeginning > .seconds(2) { say("a child's stop takes long") }
            _exit(0)
        }
        longest = max(longest, clock.now - beginning)
        let end = waitFor(child)
        if end != 0 { say("a child ended \(end)") }
    }
    let beginning = clock.now
    program.manager.stop(join: true)
    say("fork \(Int(longest / .milliseconds(1))) stop \(Int((clock.now - beginning) / .milliseconds(1)))")
}

/// Forks on several threads, while another one changes what is wanted.
@Sendable func threads(_ url: String) throws {
    final class Box: Sendable {
        let program: Program
        init(_ program: Program) { self.program = program }
    }
    let box = Box(try Program(url))
    let work: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        let program = Unmanaged<Box>.fromOpaque(argument!).takeUnretainedValue().program
        for _ in 0..<6 {
            let (_, child) = program.fork()
            let end = waitFor(child)
            if end != 0 { say("a child ended \(end)") }
        }
        return nil
    }
    var threads = [pthread_t(), pthread_t(), pthread_t()]
    for index in threads.indices {
        pthread_create(&threads[index], nil, work, Unmanaged.passUnretained(box).toOpaque())
    }
    for number in 0..<2_000 {
        box.program.remote.enableProduct("Q\(number % 10)")
        box.program.remote.registerCallback(Watcher(given: Sign()), for: "Q")
        box.program.remote.disableProduct("Q\(number % 10)")
    }
    for thread in threads { pthread_join(thread, nil) }
    box.program.waitUntilGiven("the parent")
    box.program.manager.stop(join: true)
    say("done")
}

/// Forks in the callback, on the thread that polls.
@Sendable func callback(_ url: String) throws {
    final class Box: Sendable { let program = Mutex<Program?>(nil) }
    let (box, isReady) = (Box(), Sign())
    let parent = getpid()
    let program = try Program(url) {
        guard getpid() == parent, isReady.wait({ $0 == 1 }), let program = box.program.withLock({ $0 }) else { return }
        let (_, child) = program.fork { program.introduce("child") }
        say("child ended \(waitFor(child))")
        isReady.set(2)
    }
    box.program.withLock { $0 = program }
    isReady.set(1)
    _ = isReady.wait { $0 == 2 }
    program.manager.stop(join: true)
}

/// A child whose agent has no settings for it: it begins with its parent's.
@Sendable func withdrawn(_ url: String) throws {
    let program = try Program(url)
    program.waitUntilGiven("the parent")
    say("parent's rate \(program.rate.wait { $0 == 25 })")
    let child = systemFork()
    if child == 0 {
        say("child's rate \(program.rate.now == 25), then \(program.rate.wait { $0 == 100 })")
        _exit(0)
    }
    say("child ended \(waitFor(child)), parent's rate \(program.rate.now)")
    program.manager.stop(join: true)
}

guard CommandLine.arguments.count == 3, let scenario = scenarios[CommandLine.arguments[1]] else {
    print("scenarios: \(scenarios.keys.sorted().joined(separator: " "))")
    exit(2)
}
try scenario(CommandLine.arguments[2])
