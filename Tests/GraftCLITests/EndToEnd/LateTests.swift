// LateTests.swift: the first payload comes when a program has long started its threads, some of which block every signal.

import Foundation
import GraftConfig
import Testing

@testable import GraftCLI

@Suite("End to end: a late payload", .enabled(if: Built.isThere)) struct LateTests {
    private let scratch: Scratch
    private let server = "/usr/bin/redis-server"
    private var folder: String { scratch.path + "/config" }
    private var report: String { scratch.path + "/report.json" }
    private var socket: String { scratch.path + "/socket" }

    init() throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try #require(FileManager.default.isExecutableFile(atPath: server), "make setup installs redis-server")
    }

    /// Sends redis a command and returns its answer.
    private func ask(_ words: String...) throws -> String {
        try Command.run("/usr/bin/redis-cli", ["-s", socket] + words).output
    }

    /// What a line of `/proc/PID/status`, or of a thread's, says.
    private func status(_ process: pid_t, thread: String? = nil, _ name: String) -> String? {
        let path = "/proc/\(process)" + (thread.map { "/task/\($0)" } ?? "") + "/status"
        let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
        return lines.first { $0.hasPrefix("\(name):\t") }.map { String($0.dropFirst(name.count + 2)) }
    }

    /// The names of a process's threads that block a signal.
    private func threads(of process: pid_t, blocking signal: Int32) throws -> [String] {
        let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")
        return tasks.compactMap { task in
            let blocked = status(process, thread: task, "SigBlk").flatMap { UInt64($0, radix: 16) } ?? 0
            return blocked >> UInt64(signal - 1) & 1 == 0 ? nil : status(process, thread: task, "Name")
        }
    }

    /// Whether a process has loaded what reads debug information and stacks.
    private func canRead(_ process: pid_t) throws -> Bool {
        let maps = try Command.run("/bin/cat", ["/proc/\(process)/maps"]).output
        return maps.contains("/libdw") && maps.contains("/libunwind")
    }

    @Test func `every function is instrumented though the allocator's threads block all signals and sleep`() throws {
        let arguments = [
            "run", "--sca", "--config", folder, "--report", report, "--", server, "--port", "0", "--unixsocket", socket,
            "--save", "", "--appendonly", "no",
        ]
        let running = try Spawned(Built.tool, arguments, environment: Built.environment())
        #expect(try eventually { try ask("ping") == "PONG\n" })
        let allocators = "jemalloc_bg_thd"
        #expect(try eventually { try threads(of: running.number, blocking: SIGUSR1).contains(allocators) })
        #expect(try threads(of: running.number, blocking: SIGTRAP).isEmpty)
        #expect(try !canRead(running.number))

        let target = "redis-server:*Command"
        let text = JSONWriter.text(["targets": .array([.string(target)])])
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/payload.json"), options: .atomic)
        let patched = ["installed", "disarmed"]
        let isInstalled = try eventually {
            let entries = try ReportFileView(report).entries(target)
            return entries.count > 100 && entries.allSatisfy { patched.contains($0["state"]?.string ?? "") }
        }
        let reasons = try ReportFileView(report).entries(target).compactMap { $0["reason"]?.string }
        #expect(isInstalled && reasons.isEmpty, "\(reasons)")
        #expect(try canRead(running.number))
        #expect(try ask("set", "tea", "2") == "OK\n")
        #expect(try eventually { try ReportFileView(report).hits(target) > 0 })
        #expect(try ReportFileView(report).root["counters"]?["unsafe_threads"]?.integer ?? 0 == 0)

        kill(running.number, SIGSTOP)
        #expect(eventually { status(running.number, "State")?.hasPrefix("T") == true })
        kill(running.number, SIGCONT)
        #expect(try ask("get", "tea") == "2\n")
        #expect(running.end(by: SIGTERM) == .exited(0))
        #expect(try ReportFileView(report).isFinal == true)
    }
}
