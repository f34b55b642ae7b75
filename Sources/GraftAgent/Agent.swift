// Agent.swift: the agent's thread: configuration in, reports and answers out.
//
// Owns the loop and everything that it touches. One poll(2) waits for all: the source, the control socket, the host's
// threads, the time. No task, no executor, no queue: nothing here needs more of the host than one thread. What this
// thread calls is not reported: the program did not call it. Neighbours: AgentProcess.swift makes it and stands between
// it and the host, SourceWatch.swift, ControlServer.swift.

internal import Glibc
internal import Graft
internal import GraftConfig
internal import GraftSCA
internal import GraftTelemetry

/// What the agent's thread does.
final class Agent {
    private let settings: AgentSettings
    private let product: SCAProduct
    private let turnstile: Turnstile
    private let rehearsal: Turnstile
    /// Where debug lines go.
    let log: AgentLog
    private let program = AgentReport.ownProgram
    /// The meeting place with the host's threads; another in each forked child.
    private var rendezvous: Rendezvous
    private var isForked = false
    private var source: SourceWatch?
    /// The link to a Datadog agent; another in each forked child.
    private var remote: RemoteLink?
    private var remoteProblem: String?
    /// Whether main has been let go.
    private var hasStarted = false
    private var server: ControlServer?
    private var serverProblem: String?
    private var looks = Pace()
    private var reports = Pace()
    /// The last report's text, to write only what is new.
    private var written: [UInt8] = []

    /// Milliseconds between two attempts to listen, after a failure.
    private static let listenInterval: UInt64 = 5_000
    private var listenDue: UInt64 = 0
    /// Milliseconds between two looks at what the host's threads want, when nothing wakes the agent for it.
    private static let lookInterval: UInt64 = 250

    /// An agent that has not begun.
    init(
        settings: AgentSettings, product: SCAProduct, rendezvous: Rendezvous, turnstile: Turnstile,
        rehearsal: Turnstile, log: AgentLog
    ) {
        self.settings = settings
        self.product = product
        self.rendezvous = rendezvous
        self.turnstile = turnstile
        self.rehearsal = rehearsal
        self.log = log
    }

    /// Applies the first configuration and goes on for ever. When main begins, the socket and the first report are there
    /// and the agent rests: many programs fork at once.
    func run() -> Never {
        Instrumentation.exemptThread(true)
        turnstile.enter()
        source = settings.configuration.map(SourceWatch.init)
        look()
        connect(inheriting: RemoteLink.Inheritance())
        work()
        loop()
    }

    /// Takes over in the child of a fork, from an agent that rested. `delay` is for children that soon exec.
    func run(forkedWith rendezvous: Rendezvous, delay: Int32) -> Never {
        Instrumentation.exemptThread(true)
        var wanted = pollfd(fd: rendezvous.descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&wanted, 1, delay)
        turnstile.enter()
        self.rendezvous = rendezvous
        isForked = true
        server?.close(unlinking: false)
        (server, serverProblem, listenDue) = (nil, nil, 0)
        (looks, reports, written) = (Pace(), Pace(), [])
        source?.followFork()
        look()
        hasStarted = true
        // A child that ends so soon has nothing to ask and nothing to tell but its report.
        let isEnding = rendezvous.isReportWanted
        let inheritance = remote?.inheritance
        // The parent's link is never ended here: what its thread held is half done.
        if let remote { _ = Unmanaged.passRetained(remote) }
        remote = nil
        if isEnding { finish() }
        connect(inheriting: inheritance ?? RemoteLink.Inheritance())
        loop()
    }
}

extension Agent {
    /// Works whenever there is work, and rests in between.
    private func loop() -> Never {
        while true {
            work()
            startMain()
            var polls =
                [rendezvous.descriptor, source?.descriptor ?? -1, remote?.descriptor ?? -1].map {
                    pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
                } + (server?.polls ?? [])
            let timeout = milliseconds(until: nextDue)
            turnstile.leave()
            let ready = poll(&polls, nfds_t(polls.count), timeout)
            turnstile.enter()
            if rendezvous.isReportWanted { finish() }
            if ready < 0 { polls = polls.map { pollfd(fd: $0.fd, events: $0.events, revents: 0) } }
            if polls[1].revents != 0 { look() }
            if polls[2].revents != 0 || polls[2].fd < 0 { takeRemote(isLook: false) }
            server?.serve(Array(polls[3...]), now: Clock.milliseconds) { answer($0) }
        }
    }

    /// What is due by the clock.
    private func work() {
        let now = Clock.milliseconds
        if server?.isListening == false {
            server = nil
            listenDue = now
        }
        if server == nil, now >= listenDue { listen(now: now) }
        if now >= looks.due {
            product.poll()
            takeRemote(isLook: true)
            looks.took(from: now, to: Clock.milliseconds, changed: source != nil)
        }
        if reportPath != nil, now >= reports.due { writeReport(isFinal: false) }
    }

    /// When something is due by the clock; nil when nothing is.
    private var nextDue: UInt64? {
        let times = [
            server == nil ? listenDue : server?.deadline,
            reportPath == nil ? nil : reports.due,
            looks.due,
            // A host that closed the descriptors wakes nobody, when it wants the last report or when an answer comes.
            settings.waitsForExit && rendezvous.descriptor < 0 || remote.map { $0.descriptor < 0 } == true
                ? Clock.milliseconds + Self.lookInterval : nil,
        ]
        return times.compactMap { $0 }.min()
    }

    /// The timeout for poll(2). Rounded up by one, so that what is due then is due.
    private func milliseconds(until time: UInt64?) -> Int32 {
        guard let time else { return -1 }
        let now = Clock.milliseconds
        return time <= now ? 0 : Int32(min(time - now + 1, UInt64(Int32.max)))
    }

    /// Takes what the configuration's source has to say. A source with nothing to say hastens no report: the report may
    /// lie in the folder that the source watches.
    private func look() {
        let hasNews = source?.look { update in
            apply(update)
        } problem: { error in
            log("\(error)")
        }
        if hasNews == true { reports.hasten(now: Clock.milliseconds) }
    }

    /// Has the product carry out one update, from wherever it came.
    private func apply(_ update: ConfigUpdate) {
        log("\(update.path): \(update.isRemoval ? "removed" : "version \(update.version)")")
        product.apply(update)
    }

    /// Makes the link to the Datadog agent, if there is to be one.
    private func connect(inheriting parent: RemoteLink.Inheritance) {
        guard let wanted = settings.remote else { return }
        let link = RemoteLink(
            settings: wanted, telemetry: settings.telemetry, inheriting: parent,
            rehearsal: isForked ? nil : rehearsal, log: log)
        do throws(AgentError) {
            link.telemetry?.post(facts)
            try link.start()
            remote = link
            takeRemote(isLook: false)
        } catch {
            remoteProblem = "no Datadog agent is asked: \(error)"
            log(remoteProblem ?? "")
        }
    }

    /// What telemetry has to tell.
    private var facts: TelemetryFacts {
        var facts = SCATelemetry.facts(
            report: product.status(readingPackages: true), detections: product.detections(),
            environment: settings.gateVariables, version: Instrumentation.version)
        facts.configuration += settings.remote?.configuration ?? []
        return facts
    }

    /// Applies what has come from the Datadog agent. Then, and with each look at the product, tells it how far its
    /// configurations are in force, and what there is to tell.
    private func takeRemote(isLook: Bool) {
        guard let remote else { return }
        let updates = remote.take()
        guard isLook || !updates.isEmpty else { return }
        updates.forEach(apply)
        remote.acknowledge(product.standings)
        remote.telemetry?.post(facts)
        if !updates.isEmpty { reports.hasten(now: Clock.milliseconds) }
    }

    /// Lets main go, once what it waits for is there.
    private func startMain() {
        guard !hasStarted, !settings.waitsForRemote || remote?.hasTried != false else { return }
        hasStarted = true
        rendezvous.start()
    }

    /// Writes the last report and rests for ever: what follows in the host is the end of everything.
    private func finish() -> Never {
        writeReport(isFinal: true)
        remote?.telemetry?.post(facts)
        remote?.end()
        rendezvous.finish()
        turnstile.leave()
        while true { _ = poll(nil, 0, -1) }
    }
}

extension Agent {
    /// Where this process's report goes.
    private var reportPath: String? { settings.reportPath(process: getpid(), isForked: isForked) }

    /// The report as it is now.
    private func report(isFinal: Bool) -> AgentReport {
        AgentReport(
            report: product.status(), process: getpid(), program: program, isFinal: isFinal,
            problem: [serverProblem, remoteProblem].compactMap { $0 }.joined(separator: "; ").nonEmpty,
            sourceProblems: source?.problems ?? [], remote: remote?.report)
    }

    /// Writes the report, if it is wanted and is new.
    private func writeReport(isFinal: Bool) {
        guard let path = reportPath else { return }
        let start = Clock.milliseconds
        let text = report(isFinal: isFinal).text
        let changed = text != written
        if changed {
            do throws(AgentError) {
                try ReportFile.write(text, to: path)
                written = text
            } catch {
                log("the report cannot be written: \(error)")
                if isFinal { AgentLog.complain("the report cannot be written: \(error)") }
            }
        }
        reports.took(from: start, to: Clock.milliseconds, changed: changed)
    }

    /// Listens on the first folder that can be trusted.
    private func listen(now: UInt64) {
        var problems: [String] = []
        for place in settings.socketPlaces {
            do throws(AgentError) {
                server = try ControlServer(place: place, process: getpid(), user: geteuid())
                serverProblem = nil
                AgentProcess.remember(socket: server?.path)
                return
            } catch {
                problems.append("\(error)")
            }
        }
        let problem = "no control socket: \(problems.joined(separator: "; "))"
        if problem != serverProblem { log(problem) }
        serverProblem = problem
        listenDue = now + Self.listenInterval
    }

    /// Answers one request of the control socket.
    private func answer(_ line: [UInt8]) -> [UInt8] {
        do throws(AgentError) {
            switch try AgentRequest(line: line) {
            case .status: return AgentAnswer.success(status: report(isFinal: false).json)
            }
        } catch {
            return AgentAnswer.failure(error)
        }
    }
}

extension String {
    /// Itself, or nil when it is empty.
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
