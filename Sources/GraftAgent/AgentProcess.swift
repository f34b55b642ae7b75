// AgentProcess.swift: the agent as the host's threads meet it: start, exit, fork.
//
// Owns the one global of this module, and what runs on threads that are not ours. These functions take no lock, wait only
// where a limit is given, and read the environment once, before main. Neighbours: the preload stub calls the entry
// below, Agent.swift runs on a thread of its own.

internal import Glibc
internal import Graft
internal import GraftSCA
internal import Synchronization

/// The C entry that the preload stub calls, once, before main.
@_cdecl("graft_agent_start")
public func graftAgentStart() { AgentProcess.start() }

/// The agent of this process.
final class AgentProcess: Sendable {
    private let settings: AgentSettings
    private let turnstile: Turnstile
    /// Works while the thread that asks the Datadog agent rehearses; rests afterwards, also while that thread works.
    private let rehearsal: Turnstile
    private let rendezvous: Rendezvous
    private let agent: Handover

    /// The agent, on its way to the thread that runs it.
    ///
    /// @unchecked: one thread at a time uses the agent: the first one until the process forks, and in the child, where
    /// that thread does not exist, the new one. `Turnstile` orders what one wrote before what the other reads.
    private struct Handover: @unchecked Sendable {
        let agent: Agent
    }

    /// The agent of this process; nil before its start, and in a child of fork whose parent's agent was working.
    ///
    /// nonisolated(unsafe): written before main, when there is one thread, and in the child of a fork, when there is
    /// one again; only read otherwise.
    private nonisolated(unsafe) static var current: AgentProcess?

    /// The path of the control socket, for the exit handler; null when there is none. Owned: leaked when replaced.
    private static let socketPath = Atomic<UInt>(0)

    /// Milliseconds that the agent of a forked child waits before it works: most children exec before that.
    private static let forkDelay: Int32 = 50

    private init(
        settings: AgentSettings, turnstile: Turnstile, rehearsal: Turnstile, rendezvous: Rendezvous, agent: Handover
    ) {
        self.settings = settings
        self.turnstile = turnstile
        self.rehearsal = rehearsal
        self.rendezvous = rendezvous
        self.agent = agent
    }
}

// MARK: Start

extension AgentProcess {
    /// Starts the agent, if the gate is open, and waits a bounded time for the first configuration.
    static func start() {
        guard current == nil else { return }
        let environment = Environment.current
        let gate = Gate(environment: environment)
        guard gate.isOpen else { return }
        let settings = AgentSettings(program: AgentReport.ownProgram) { environment[$0] }
        settings.complaints.forEach(AgentLog.complain)
        if settings.remote != nil { Libc.keepBorrowedLibraries() }
        let made = make(settings: settings, gate: gate)
        if settings.configuration != nil || settings.remote != nil { guardThreads(log: made.agent.agent.log) }
        do throws(AgentError) {
            try made.startThread { $0.run() }
        } catch {
            return AgentLog.complain("the agent does not start: \(error)")
        }
        current = made
        registerForkHandlers()
        atexit { AgentProcess.exiting() }
        // What main's thread calls here is not the program's doing.
        Instrumentation.exemptThread(true)
        defer { Instrumentation.exemptThread(false) }
        if !made.rendezvous.waitForStart(milliseconds: settings.startWait) {
            made.agent.agent.log("main does not wait longer for the first configuration")
        }
    }

    /// Keeps SIGTRAP deliverable in every thread that the program will start, while it has one thread: the first payload
    /// may come when threads that block every signal sleep already, and nothing can be done about those. For ever: no
    /// use of the core ends before the process.
    private static func guardThreads(log: AgentLog) {
        do throws(GraftError) {
            _ = try Instrumentation.start(guardsThreads: true)
        } catch {
            log("threads are not guarded: \(error)")
        }
    }

    /// The agent and what it shares with the host's threads.
    private static func make(settings: AgentSettings, gate: Gate) -> AgentProcess {
        let (turnstile, rehearsal, rendezvous) = (Turnstile(), Turnstile(), Rendezvous())
        let agent = Agent(
            settings: settings, product: SCAProduct(gate: gate), rendezvous: rendezvous,
            turnstile: turnstile, rehearsal: rehearsal, log: AgentLog(settings.log))
        return AgentProcess(
            settings: settings, turnstile: turnstile, rehearsal: rehearsal, rendezvous: rendezvous,
            agent: Handover(agent: agent))
    }

    /// Starts the agent's thread.
    private func startThread(_ body: @escaping @Sendable (Agent) -> Void) throws(AgentError) {
        let handover = agent
        try AgentThread.start(named: "graft-agent") { body(handover.agent) }
    }
}

// MARK: Exit

extension AgentProcess {
    /// Remembers the path of the control socket. On the agent's thread.
    static func remember(socket path: String?) {
        socketPath.store(UInt(bitPattern: path.flatMap { strdup($0) }), ordering: .releasing)
    }

    /// The host exits: the last report is written, the socket's name goes away. Registered before main, so it runs after
    /// the host's own handlers and before the destructors of its libraries.
    private static func exiting() {
        guard let current, current.rendezvous.process == getpid() else { return }
        Instrumentation.exemptThread(true)
        defer { Instrumentation.exemptThread(false) }
        if current.settings.waitsForExit,
            !current.rendezvous.waitForReport(milliseconds: current.settings.exitWait)
        {
            current.agent.agent.log("exit does not wait longer for the report")
        }
        if let path = UnsafePointer<CChar>(bitPattern: socketPath.load(ordering: .acquiring)) { unlink(path) }
    }
}

// MARK: Fork

extension AgentProcess {
    /// Tells whether this thread's fork found the agent resting: set before a fork, read after it by the same thread.
    private static let restKey: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Registers what happens around a fork. After the core's handlers, so that in the child the core is whole when the
    /// agent's thread begins.
    private static func registerForkHandlers() {
        _ = restKey
        pthread_atfork(
            { AgentProcess.beforeFork() }, { AgentProcess.afterForkInParent() }, { AgentProcess.afterForkInChild() })
    }

    private static func beforeFork() {
        let rests = current?.beginFork() ?? false
        pthread_setspecific(restKey, rests ? UnsafeRawPointer(bitPattern: 1) : nil)
    }

    private static func afterForkInParent() {
        guard pthread_getspecific(restKey) != nil else { return }
        current?.rehearsal.endFork()
        current?.turnstile.endFork()
    }

    /// Whether the child may have an agent: this one rests, and nothing is rehearsed.
    private func beginFork() -> Bool {
        guard turnstile.beginFork() else { return false }
        if rehearsal.beginFork() { return true }
        turnstile.endFork()
        return false
    }

    /// The child has this thread only. If the agent rested, a new thread takes it over; otherwise its state is half
    /// done, and the child goes on without: what is instrumented stays so.
    private static func afterForkInChild() {
        socketPath.store(0, ordering: .relaxed)
        guard let parent = current, pthread_getspecific(restKey) != nil else {
            current = nil
            return
        }
        parent.turnstile.reset()
        parent.rehearsal.reset()
        let rendezvous = Rendezvous()
        let child = AgentProcess(
            settings: parent.settings, turnstile: parent.turnstile, rehearsal: parent.rehearsal,
            rendezvous: rendezvous, agent: parent.agent)
        do throws(AgentError) {
            try child.startThread { $0.run(forkedWith: rendezvous, delay: forkDelay) }
            current = child
        } catch {
            current = nil
        }
    }
}
