// AgentPartsTests.swift: settings, descriptors, threads, reports, and the two meetings with the host's threads.

import Foundation
import GraftConfig
import GraftSCA
import Synchronization
import Testing

@testable import GraftAgent

@Suite struct AgentSettingsTests {
    private func settings(_ environment: [String: String]) -> AgentSettings {
        AgentSettings { environment[$0] }
    }

    @Test func `nothing said is the defaults`() {
        let settings = settings(["GRAFT_CONFIG": "", "GRAFT_REPORT": ""])
        #expect(settings.configuration == nil && settings.report == nil && settings.log == nil)
        #expect(settings.startWait == 2000 && settings.exitWait == 2000 && settings.complaints.isEmpty)
    }

    @Test func `waits are taken within their limits and complained of beyond`() {
        #expect(settings(["GRAFT_START_WAIT_MS": "0"]).startWait == 0)
        #expect(settings(["GRAFT_EXIT_WAIT_MS": "60000"]).exitWait == 60_000)
        for text in ["60001", "-1", "soon", "1.5", "99999999999999999999"] {
            let settings = settings(["GRAFT_START_WAIT_MS": text])
            #expect(settings.startWait == 2000)
            #expect(settings.complaints == ["GRAFT_START_WAIT_MS: \"\(text)\" is not a number from 0 to 60000"])
        }
    }

    @Test func `the log goes to standard error or to a file`() {
        #expect(settings(["GRAFT_LOG": "debug"]).log == .standardError)
        #expect(settings(["GRAFT_LOG": "debug:/a:b"]).log == .file("/a:b"))
        for text in ["debug:", "info", "DEBUG"] {
            #expect(settings(["GRAFT_LOG": text]).log == nil)
        }
    }

    @Test func `only the program that was started writes the report itself`() {
        let mine = settings(["GRAFT_REPORT": "/r", "GRAFT_PROGRAM_PID": "42"])
        #expect(mine.reportPath(process: 42, isForked: false) == "/r")
        #expect(mine.reportPath(process: 43, isForked: false) == "/r.43")
        #expect(mine.reportPath(process: 43, isForked: true) == "/r.43")
        let alone = settings(["GRAFT_REPORT": "/r"])
        #expect(alone.reportPath(process: 7, isForked: false) == "/r")
        #expect(alone.reportPath(process: 8, isForked: true) == "/r.8")
        #expect(settings([:]).reportPath(process: 7, isForked: false) == nil)
    }
}

@Suite struct DescriptorTests {
    @Test func `a descriptor is closed with its owner`() throws {
        let number = open("/dev/null", O_RDONLY)
        do {
            let descriptor = try #require(Descriptor(adopting: number))
            #expect(descriptor.isOurs)
        }
        #expect(fcntl(number, F_GETFD) == -1)
        #expect(Descriptor(adopting: -1) == nil)
    }

    @Test func `a number that the host took over is left alone`() throws {
        var pair: [Int32] = [0, 0]
        #expect(pipe(&pair) == 0)
        defer { close(pair[1]) }
        let number = pair[0]
        do {
            let descriptor = try #require(Descriptor(adopting: number))
            // The host closes everything and opens its own under the same number.
            #expect(dup2(pair[1], number) == number)
            let null = open("/dev/null", O_RDONLY)
            #expect(dup2(null, number) == number)
            close(null)
            #expect(!descriptor.isOurs)
        }
        #expect(fcntl(number, F_GETFD) != -1)
        close(number)
    }

    @Test func `raised numbers are out of the way and do not survive an exec`() throws {
        let low = open("/dev/null", O_RDONLY)
        let descriptor = try #require(Descriptor(raising: low))
        #expect(descriptor.number >= 32)
        #expect(fcntl(descriptor.number, F_GETFD) & FD_CLOEXEC != 0)
    }
}

@Suite struct AgentThreadTests {
    @Test func `a thread has its name and blocks what is the host's`() throws {
        let done = DispatchSemaphore(value: 0)
        let seen = Mutex<(name: String, mask: UInt64)>(("", 0))
        try AgentThread.start(named: "graft-agent") {
            let text = (try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)) ?? ""
            let fields = text.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
            let name = fields.first { $0[0] == "Name:" }?.last ?? ""
            let mask = fields.first { $0[0] == "SigBlk:" }.flatMap { UInt64($0[1], radix: 16) } ?? 0
            seen.withLock { $0 = (name, mask) }
            done.signal()
        }
        done.wait()
        let (name, mask) = seen.withLock { $0 }
        #expect(name == "graft-agent")
        func blocks(_ number: Int32) -> Bool { mask >> UInt64(number - 1) & 1 == 1 }
        for number in [SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGALRM, SIGUSR1, SIGPROF] { #expect(blocks(number)) }
        for number in [SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS] { #expect(!blocks(number)) }
    }

    @Test func `the caller's own mask is as before`() throws {
        var before = sigset_t(), after = sigset_t()
        pthread_sigmask(SIG_SETMASK, nil, &before)
        try AgentThread.start(named: "short") {}
        pthread_sigmask(SIG_SETMASK, nil, &after)
        for number in 1..<65 { #expect(sigismember(&before, Int32(number)) == sigismember(&after, Int32(number))) }
    }
}

@Suite struct ReportFileTests {
    private let folder = Folder()

    @Test func `a report replaces the one before and is its owner's`() throws {
        let path = folder.path + "/r.json"
        try ReportFile.write(Array("one, and long".utf8), to: path)
        try ReportFile.write(Array("two".utf8), to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["r.json"])
    }

    @Test func `a link that somebody laid for the temporary file is not followed`() throws {
        let path = folder.path + "/r.json", victim = folder.path + "/victim"
        #expect(FileManager.default.createFile(atPath: victim, contents: Data("safe".utf8)))
        symlink(victim, "\(path).\(getpid()).tmp")
        try ReportFile.write(Array("new".utf8), to: path)
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "safe")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
    }

    @Test func `a device is written to as it is`() throws {
        try ReportFile.write([65], to: "/dev/null")
        var status = stat()
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test func `a failure names the file and leaves nothing behind`() throws {
        let error = #expect(throws: AgentError.self) { try ReportFile.write([65], to: folder.path + "/no/r.json") }
        #expect(error?.description.contains(folder.path + "/no/r.json") == true)
        mkdir(folder.path + "/dir", 0o700)
        #expect(throws: AgentError.self) { try ReportFile.write([65], to: folder.path + "/dir") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["dir"])
    }

    @Test func `the document has its frame and the product's members`() throws {
        let report = AgentReport(
            report: Report(gate: Gate(environment: [:])), process: 42, program: "/bin/x", isFinal: true,
            sourceProblems: [ConfigError(.syntax, "bad", path: "a.json")])
        let root = try JSONDocument.parse(report.text).root
        #expect(root["final"]?.bool == true && root["process"]?["pid"]?.integer == 42)
        #expect(root["gate"]?["open"]?.bool == false && root["targets"]?.elements.map { Array($0) }?.isEmpty == true)
        #expect(root["agent"]?["configuration_problems"]?.value == ["a.json: bad"])
    }
}

@Suite struct RendezvousTests {
    @Test func `a host's thread goes on when the agent has started`() throws {
        let rendezvous = Rendezvous()
        try AgentThread.start(named: "starter") {
            usleep(20_000)
            rendezvous.start()
        }
        #expect(rendezvous.waitForStart(milliseconds: 5_000))
        #expect(rendezvous.waitForStart(milliseconds: 0))
    }

    @Test func `and goes on without it when time runs out`() {
        let before = Clock.milliseconds
        #expect(!Rendezvous().waitForStart(milliseconds: 50))
        #expect(Clock.milliseconds - before < 2_000)
    }

    @Test func `the report is asked for and waited for`() throws {
        let rendezvous = Rendezvous()
        #expect(!rendezvous.isReportWanted)
        try AgentThread.start(named: "reporter") {
            var poll = pollfd(fd: rendezvous.descriptor, events: Int16(POLLIN), revents: 0)
            while !rendezvous.isReportWanted { _ = Glibc.poll(&poll, 1, 1_000) }
            rendezvous.finish()
        }
        #expect(rendezvous.waitForReport(milliseconds: 5_000))
    }
}

@Suite struct TurnstileTests {
    @Test func `a fork sees whether the agent rests`() {
        let turnstile = Turnstile()
        #expect(turnstile.beginFork())
        #expect(turnstile.beginFork())
        turnstile.endFork()
        turnstile.endFork()
        turnstile.enter()
        #expect(!turnstile.beginFork())
        turnstile.leave()
        #expect(turnstile.beginFork())
    }

    @Test func `the agent waits while forks are under way`() throws {
        let turnstile = Turnstile()
        #expect(turnstile.beginFork() && turnstile.beginFork())
        let isIn = Rendezvous()
        try AgentThread.start(named: "worker") {
            turnstile.enter()
            isIn.start()
        }
        turnstile.endFork()
        #expect(!isIn.waitForStart(milliseconds: 50))
        turnstile.endFork()
        #expect(isIn.waitForStart(milliseconds: 5_000))
    }

    @Test func `many forks and a busy agent never meet`() throws {
        let turnstile = Turnstile()
        let inside = Atomic<Int>(0), met = Atomic<Int>(0), done = Atomic<Int>(0)
        let threads = 4
        for _ in 0..<threads {
            try AgentThread.start(named: "forker") {
                for _ in 0..<20_000 where turnstile.beginFork() {
                    if inside.load(ordering: .relaxed) != 0 { met.add(1, ordering: .relaxed) }
                    turnstile.endFork()
                }
                done.add(1, ordering: .releasing)
            }
        }
        while done.load(ordering: .acquiring) < threads {
            turnstile.enter()
            inside.store(1, ordering: .relaxed)
            inside.store(0, ordering: .relaxed)
            turnstile.leave()
        }
        #expect(met.load(ordering: .relaxed) == 0)
    }
}

@Suite struct AgentLogTests {
    private let folder = Folder()

    @Test func `a line is one line, cut at the limit`() throws {
        let path = folder.path + "/log"
        let log = AgentLog(.file(path))
        log("one\ntwo\u{1B}[2J")
        log(String(repeating: "x", count: 5_000))
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.first == "graft: agent: one two [2J" && lines.count == 2)
        #expect(lines.last?.utf8.count == 1023)
    }

    @Test func `what cannot be opened, or is not wanted, is off`() {
        AgentLog(nil)("nothing")
        AgentLog(.file(folder.path + "/no/log"))("nothing")
        symlink("/etc/passwd", folder.path + "/link")
        AgentLog(.file(folder.path + "/link"))("nothing")
        #expect((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) == ["link"])
    }
}
