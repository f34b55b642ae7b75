// ToolTests.swift: the tool's commands as a user calls them: refusals, status, explain, the live view.

import Foundation
import GraftConfig
import Testing

@testable import GraftCLI

@Suite("End to end: tool", .enabled(if: Built.isThere), .serialized) struct ToolTests {
    private let scratch: Scratch
    private let shop: String

    init() throws {
        scratch = try Scratch()
        shop = try scratch.program("shop", Fixtures.shop, flags: ["-O2", "-g"])
    }

    /// A shop that stays, under the tool.
    private func stay(_ options: String...) throws -> Spawned {
        let running = try Spawned(
            Built.tool, ["run"] + options + ["--", shop, "stay"], environment: Built.environment())
        try running.wait(for: "ready")
        return running
    }

    private func config(_ text: String = #"{"targets":[":price"]}"#, mode: Int = 0o644) throws -> String {
        try scratch.file("payload.json", text, mode: mode)
    }

    @Test func `refusals are one line and their exit code`() throws {
        let fixed = try scratch.program("fixed", flags: ["-static"])
        let setuid = try scratch.copy("/bin/true", to: "setuid", mode: 0o4755)
        let script = try scratch.file("script", "#!\(fixed)\n")
        let world = try config(mode: 0o666)
        let cases: [(arguments: [String], code: Int32, word: String)] = [
            (["run", "--", fixed], 2, "static program"),
            (["run", "--", setuid], 2, "setuid"),
            (["run", "--", script], 2, "static program"),
            (["run", "--config", world, "--", "/bin/true"], 2, "writable by every user"),
            (["run", "--", "/no/such/program"], 127, "No such file"),
            (["run", "--", "no-such-program-at-all"], 127, "not found"),
            (["run", "--", scratch.path], 126, "directory"),
            (["run", "--report", "/no/such/folder/r.json", "--", "/bin/true"], 1, "/no/such/folder/r.json"),
            (["run", "--", ""], 64, "no program"),
            (["frobnicate"], 64, "unknown command"),
            (["status", "one"], 64, "process number"),
            (["status", "2147483647"], 1, "no such process"),
            (["explain", "/no/such/file"], 1, "No such file"),
            (["explain", "/etc/passwd"], 1, "not a readable ELF image"),
        ]
        for (arguments, code, word) in cases {
            let result = try Command.run(Built.tool, arguments, environment: Built.environment())
            #expect(result.code == code, "\(arguments)")
            #expect(result.errors.contains(word), "\(arguments): \(result.errors)")
            #expect(result.errors.hasPrefix("graft: ") && result.errors.split(separator: "\n").count == 1)
        }
    }

    @Test func `a refused program leaves no report`() throws {
        let report = scratch.path + "/r.json"
        let fixed = try scratch.program("fixed", flags: ["-static"])
        #expect(try Built.graft("run", "--report", report, "--", fixed).code == 2)
        #expect(!FileManager.default.fileExists(atPath: report))
    }

    @Test func `version and help go to standard output`() throws {
        #expect(try Built.graft("--version").output.hasPrefix("graft "))
        for command in ["run", "explain", "status"] {
            let result = try Built.graft(command, "--help")
            #expect(result.code == 0 && result.output.contains("Usage:") && result.errors.isEmpty)
        }
    }

    @Test func `status shows a running process`() throws {
        let running = try stay("--sca", "--config", config())
        var view = ReportFileView(try JSONDocument.parse("{}").root)
        #expect(
            try eventually {
                let result = try Built.graft("status", "\(running.number)", "--json")
                view = ReportFileView(try JSONDocument.parse(result.output).root)
                return view.hits(":price") > 0
            })
        #expect(view.process == Int64(running.number) && view.isOpen == true)
        let text = try Built.graft("status", "\(running.number)")
        #expect(text.code == 0 && text.output.contains(":price") && text.output.hasPrefix("gate open, 1 targets"))
        _ = running.end(by: SIGTERM)
        let gone = try Built.graft("status", "\(running.number)")
        #expect(gone.code == 1)
    }

    @Test func `status of a process whose gate is closed names what is missing`() throws {
        let running = try stay()
        let text = try Built.graft("status", "\(running.number)")
        #expect(text.code == 0 && text.output.contains("DD_APPSEC_SCA_ENABLED is not set"))
        let json = try Built.graft("status", "\(running.number)", "--json")
        #expect(ReportFileView(try JSONDocument.parse(json.output).root).isOpen == false)
    }

    @Test func `status of a process that graft did not start says so`() throws {
        let running = try Spawned(shop, ["stay"], environment: Built.environment())
        try running.wait(for: "ready")
        let result = try Built.graft("status", "\(running.number)")
        #expect(result.code == 1 && result.errors.contains("is not instrumented"))
    }

    @Test func `status is refused to another user`() throws {
        guard geteuid() == 0 else { return }
        let running = try stay("--sca")
        // A copy in a folder that everyone may enter.
        let folder = try Scratch()
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        let tool = try folder.copy(Built.tool, to: "graft")
        let result = try Command.run(
            "/usr/bin/setpriv",
            ["--reuid", "65534", "--regid", "65534", "--clear-groups", tool, "status", "\(running.number)"],
            environment: Built.environment())
        #expect(result.code == 2 && result.errors.contains("belongs to user 0"))
    }

    @Test func `watching ends with the process`() throws {
        let running = try stay("--sca", "--config", config())
        #expect(try eventually { try Built.graft("status", "\(running.number)").code == 0 })
        let watching = try Spawned(
            Built.tool, ["status", "\(running.number)", "--watch", "--json"], environment: Built.environment())
        try watching.wait(for: "\n")
        _ = running.end(by: SIGTERM)
        #expect(watching.wait() == .exited(0))
    }

    @Test func `the live view tells what happens and passes signals on`() throws {
        let running = try stay("--live", "--sca", "--config", config())
        usleep(1_500_000)
        #expect(running.end(by: SIGTERM) == .signaled(SIGTERM))
        let text = running.rest().errors
        #expect(text.contains(":price") && text.contains("gate open"))
    }

    @Test func `the live view ends as the program does`() throws {
        #expect(try Built.graft("run", "--live", "--sca", "--", shop, "return").code == 9)
        #expect(try Built.graft("run", "--live", "--sca", "--", shop, "abort").end == .signaled(SIGABRT))
        #expect(try Built.graft("run", "--live", "--", "/no/such/program").code == 127)
    }

    @Test func `explain tells of a file and of a process`() throws {
        let file = try Built.graft("explain", shop, "price", "--json")
        let root = try JSONDocument.parse(file.output).root
        #expect(file.code == 0 && root["summary"]?["functions"]?.integer == 1)
        let function = root["files"]?.elements?.first { _ in true }?["functions"]?.elements?.first { _ in true }
        #expect(function?["symbol"]?.string == "price" && function?["instrumentable"]?.bool == true)

        let running = try Spawned(shop, ["stay"], environment: Built.environment())
        try running.wait(for: "ready")
        let process = try Built.graft("explain", "\(running.number)", "getpid", "--json")
        let files = try JSONDocument.parse(process.output).root["files"]?.elements.map(Array.init) ?? []
        #expect(process.code == 0 && files.contains { $0["path"]?.string?.contains("libc.so") == true })
    }

    @Test func `explain counts every function once`() throws {
        let result = try Built.graft("explain", "/lib/x86_64-linux-gnu/libc.so.6", "--json")
        let summary = try #require(try JSONDocument.parse(result.output).root["summary"])
        let refused = summary["refused"]?.members?.reduce(0) { $0 + ($1.value.integer ?? 0) } ?? 0
        let functions = summary["functions"]?.integer ?? 0
        #expect(functions > 1_000 && functions == (summary["instrumentable"]?.integer ?? 0) + refused)
    }
}
