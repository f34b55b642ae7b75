// RemoteConfigThreadTests: the thread that drives a poller: when it asks, what wakes it, and how it ends.

import Foundation
import GraftConfig
import GraftTestKit
import Synchronization
import Testing

@testable import GraftRemoteConfig

/// How soon "at once" must be, on a machine with other things to do.
private let soon = Duration.seconds(5)

/// A list that one thread fills and another waits for.
private final class Notes<Note: Sendable>: Sendable {
    private let notes = Guarded<[Note]>([])
    private let more = WaitSemaphore()

    func add(_ note: Note) {
        notes.withLock { $0.append(note) }
        more.signal()
    }

    /// The first `count` notes, as soon as there are so many.
    func first(_ count: Int) throws -> [Note] {
        let deadline = MonotonicTime.now(plus: soon)
        while true {
            let now = all
            if now.count >= count { return Array(now.prefix(count)) }
            try #require(more.wait(until: deadline), "\(now.count) of \(count) notes")
        }
    }

    var all: [Note] { notes.withLock { $0 } }
}

/// Answers at once: what was offered, then "nothing has changed"; every question is a note.
private final class Prompt: RemoteConfigTransport, Sendable {
    let questions = Notes<String>()
    private let answers: Guarded<[HTTPAnswer]>

    init(_ offers: Offer...) { answers = Guarded(offers.map(\.answer)) }

    func send(_ request: HTTPRequest) -> HTTPAnswer {
        defer { questions.add(String(decoding: request.body, as: UTF8.self)) }
        return answers.withLock { $0.isEmpty ? .ok("{}") : $0.removeFirst() }
    }
}

/// A client that asks every `interval`.
private func asking(every interval: Duration) -> RemoteConfigState {
    let tracer = ClientTracer(runtimeID: "runtime", tracerVersion: "1.0.0", service: "shop", environment: "ci")
    return RemoteConfigState(clientID: "client", tracer: tracer, pace: PollPace(interval: interval), asksInfo: false)
}

@Suite("The thread that polls", .serialized)
struct RemoteConfigThreadTests {
    private let a = OfferedFile(features("a"), #"{"a":1}"#)

    @Test("asks at once, and again at the pace that the report gives")
    func pace() throws {
        let transport = Prompt()
        let reports = Notes<PollReport>()
        var hooks = RemoteConfigHooks()
        hooks.afterPoll = { reports.add($0) }
        let thread = RemoteConfigThread(state: asking(every: .milliseconds(150)), transport: transport, hooks: hooks)
        let time = try ContinuousClock().measure {
            try thread.start()
            #expect(
                try reports.first(3).allSatisfy { $0.delay >= .milliseconds(135) && $0.delay <= .milliseconds(165) })
        }
        #expect(time >= .milliseconds(270))
        thread.stop()
        #expect(thread.join(within: soon))
        let count = transport.questions.all.count
        #expect(count == reports.all.count && !thread.isRunning)
    }

    @Test("runs an errand when it is due, however long the pause between polls is, and until it is over")
    func errand() throws {
        let transport = Prompt()
        let errands = Notes<Int>()
        var hooks = RemoteConfigHooks()
        hooks.errand = {
            errands.add(transport.questions.all.count)
            return errands.all.count < 3 ? .milliseconds(20) : nil
        }
        let thread = RemoteConfigThread(state: asking(every: .seconds(3_600)), transport: transport, hooks: hooks)
        let time = try ContinuousClock().measure {
            try thread.start()
            #expect(try errands.first(3) == [1, 1, 1])
        }
        #expect(time >= .milliseconds(40))
        thread.pollSoon()
        _ = try transport.questions.first(2)
        thread.stop()
        #expect(thread.join(within: soon))
        #expect(errands.all.count == 3)
    }

    @Test("asks nobody when it is not to poll, and runs its errand all the same")
    func errandAlone() throws {
        let transport = Prompt()
        let errands = Notes<Void>()
        var hooks = RemoteConfigHooks()
        hooks.errand = {
            errands.add(())
            return .milliseconds(1)
        }
        let thread = RemoteConfigThread(
            state: asking(every: .milliseconds(1)), transport: transport, hooks: hooks, polls: false)
        try thread.start()
        _ = try errands.first(3)
        thread.pollSoon()
        _ = try errands.first(errands.all.count + 3)
        thread.stop()
        #expect(thread.join(within: soon))
        #expect(transport.questions.all.isEmpty)
    }

    @Test("gives a callback what the agent has, and acknowledges it in the next request")
    func delivery() throws {
        let transport = Prompt(Offer(1, [a]))
        let thread = RemoteConfigThread(state: asking(every: .milliseconds(20)), transport: transport)
        let callback = Recorder()
        thread.poller.registerCallback(callback, for: "ASM_FEATURES")
        thread.poller.enableProduct("ASM_FEATURES")
        try thread.start()
        #expect(try transport.questions.first(2)[1].contains(#""apply_state":2"#))
        #expect(callback.batches == [["+a"]])
        thread.stop()
        #expect(thread.join(within: soon))
    }

    @Test("does not let a product that is enabled, nor a callback that comes late, wait for the interval")
    func attention() throws {
        let transport = Prompt(Offer(1, [a]))
        let deliveries = Notes<[String]>()
        let polls = Notes<Void>()
        var hooks = RemoteConfigHooks()
        hooks.afterPoll = { _ in polls.add(()) }
        hooks.afterDelivery = { deliveries.add($0.calls.map(\.product)) }
        let thread = RemoteConfigThread(state: asking(every: .seconds(3_600)), transport: transport, hooks: hooks)
        thread.poller.enableProduct("ASM_FEATURES")
        try thread.start()
        _ = try polls.first(1)
        let callback = Recorder()
        thread.poller.registerCallback(callback, for: "ASM_FEATURES")
        #expect(try deliveries.first(1) == [["ASM_FEATURES"]])
        #expect(callback.batches == [["+a"]])
        #expect(transport.questions.all.count == 1)
        // Two in a row are one question.
        thread.poller.enableProduct("ONE")
        thread.poller.enableProduct("TWO")
        _ = try polls.first(2)
        #expect(transport.questions.all.last?.contains(#""products":["ASM_FEATURES","ONE","TWO"]"#) == true)
        thread.pollSoon()
        #expect(try transport.questions.first(3).count == 3)
        thread.stop()
        #expect(thread.join(within: soon))
        #expect(transport.questions.all.count == 3)
    }

    @Test("does not keep a processor busy for a callback that asks again whenever it is called")
    func insatiable() throws {
        let transport = Prompt()
        let rounds = Notes<Void>()
        var hooks = RemoteConfigHooks()
        hooks.beforePoll = { rounds.add(()) }
        let thread = RemoteConfigThread(state: asking(every: .seconds(3_600)), transport: transport, hooks: hooks)
        let poller = thread.poller
        let ask: @Sendable () -> Void = {
            poller.disableProduct("ONE")
            poller.enableProduct("ONE")
        }
        poller.registerCallback(Recorder(periodic: ask), for: "ONE")
        let time = try ContinuousClock().measure {
            try thread.start()
            _ = try rounds.first(4)
        }
        #expect(time >= RemoteConfigThread.attentionPause * 3)
        thread.stop()
        #expect(thread.join(within: soon))
    }

    @Test("stops at once while it rests")
    func stopAtRest() throws {
        let transport = Prompt()
        let thread = RemoteConfigThread(state: asking(every: .seconds(3_600)), transport: transport)
        try thread.start()
        _ = try transport.questions.first(1)
        #expect(!thread.join(within: .milliseconds(20)) && thread.isRunning)
        let time = ContinuousClock().measure {
            thread.stop()
            thread.stop()
            #expect(thread.join(within: soon))
        }
        #expect(time < soon)
        #expect(thread.join())
    }

    @Test("stops at once while an agent does not answer")
    func stopInExchange() throws {
        let asked = Notes<Void>()
        let agent = try ScriptedAgent { peer in
            peer.question()
            asked.add(())
            peer.waitForEnd()
        }
        let transport = AgentTransport(address: agent.address, timeout: .seconds(3_600))
        let thread = RemoteConfigThread(state: asking(every: .seconds(3_600)), transport: transport)
        try thread.start()
        _ = try asked.first(1)
        thread.stop()
        #expect(thread.join(within: soon))
        #expect(agent.isDone)
    }

    @Test("can be stopped by a callback, which cannot wait for itself")
    func stopInCallback() throws {
        let transport = Prompt(Offer(1, [a]))
        let thread = RemoteConfigThread(state: asking(every: .seconds(3_600)), transport: transport)
        let joined = Notes<Bool>()
        thread.poller.registerCallback(
            Recorder { _ in
                thread.stop()
                joined.add(thread.join())
            }, for: "ASM_FEATURES")
        try thread.start()
        #expect(try joined.first(1) == [false])
        #expect(thread.join(within: soon))
    }

    @Test("is not started twice, nor after it was stopped")
    func lives() throws {
        let transport = Prompt()
        let starts = Notes<Void>()
        var hooks = RemoteConfigHooks()
        hooks.onStart = { starts.add(()) }
        let thread = RemoteConfigThread(state: asking(every: .seconds(3_600)), transport: transport, hooks: hooks)
        #expect(thread.join() && !thread.isRunning)
        try thread.start()
        try thread.start()
        _ = try transport.questions.first(1)
        thread.stop()
        #expect(thread.join(within: soon))
        try thread.start()
        let never = RemoteConfigThread(state: asking(every: .seconds(3_600)), transport: transport, hooks: hooks)
        let ends = Notes<String>()
        never.whenOver { ends.add("before") }
        never.stop()
        try never.start()
        never.whenOver { ends.add("after") }
        thread.whenOver { ends.add("the other") }
        #expect(try ends.first(3) == ["before", "after", "the other"])
        #expect(never.join() && !never.isRunning)
        #expect(starts.all.count == 1 && transport.questions.all.count == 1)
    }

    @Test("calls its hooks on a thread of its own, which has a name and leaves signals to others")
    func hooks() throws {
        let notes = Notes<String>()
        let threads = Notes<pthread_t>()
        let note: @Sendable (String) -> Void = {
            notes.add($0)
            threads.add(pthread_self())
        }
        var hooks = RemoteConfigHooks()
        hooks.onStart = {
            var blocked = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &blocked)
            let isLeft = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGTRAP) == 0
            let name = (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? ""
            note("start \(name.dropLast()) \(isLeft)")
        }
        hooks.beforePoll = { note("before") }
        hooks.afterPoll = { note("after \($0.outcomes.map(\.verdict) == [.unchanged])") }
        hooks.onEnd = { note("end") }
        let thread = RemoteConfigThread(state: asking(every: .seconds(3_600)), transport: Prompt(), hooks: hooks)
        try thread.start()
        _ = try notes.first(3)
        thread.stop()
        #expect(thread.join(within: soon))
        #expect(notes.all == ["start graft-remote true", "before", "after true", "end"])
        #expect(Set(threads.all).count == 1 && threads.all.first != pthread_self())
    }

    @Test("survives threads that start, ring, register, stop and wait at once")
    func everybody() async throws {
        for _ in 0..<20 {
            let thread = RemoteConfigThread(state: asking(every: .milliseconds(1)), transport: Prompt(Offer(1, [a])))
            await withTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        try? thread.start()
                        for round in 0..<20 {
                            thread.poller.registerCallback(Recorder(), for: "P\(worker)")
                            thread.poller.enableProduct("P\(worker)-\(round)")
                            thread.pollSoon()
                        }
                        if worker == 3 { thread.stop() }
                    }
                }
            }
            #expect(thread.join(within: soon))
        }
    }
}
