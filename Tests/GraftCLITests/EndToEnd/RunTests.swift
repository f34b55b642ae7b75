// RunTests.swift: real programs under `graft run`: reports, exits, signals, children.

import Foundation
import GraftConfig
import GraftSCA
import Testing

@testable import GraftCLI

@Suite("End to end: run", .enabled(if: Built.isThere), .serialized) struct RunTests {
    private let scratch: Scratch
    private let shop: String
    private var report: String { scratch.path + "/report.json" }

    init() throws {
        scratch = try Scratch()
        shop = try scratch.program("shop", Fixtures.shop, flags: ["-O2", "-g"])
    }

    /// Writes a payload and returns its path, in a folder of its own.
    @discardableResult private func payload(_ targets: String...) throws -> String {
        let folder = scratch.path + "/config"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let text = JSONWriter.text(["targets": .array(targets.map { .string($0) })])
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/payload.json"), options: .atomic)
        return folder + "/payload.json"
    }

    /// Runs the shop with a payload and a report.
    private func run(_ words: String..., targets: String = ":price", environment: [String: String] = [:]) throws
        -> Command.Result
    {
        let arguments = ["run", "--sca", "--config", try payload(targets), "--report", report, "--", shop] + words
        return try Command.run(Built.tool, arguments, environment: Built.environment(environment))
    }

    @Test func `what is hit is reported with its first caller`() throws {
        #expect(try run("return").code == 9)
        let view = try ReportFileView(report)
        #expect(view.isFinal == true && view.isOpen == true && view.problem == nil)
        #expect(view.hits(":price") > 0)
        #expect(view.caller(":price")?["image"]?.string == shop)
        #expect(view.caller(":price")?["file"]?.string?.hasSuffix("shop.c") == true)
        #expect(view.entries(":price").first?["build_id"]?.string?.isEmpty == false)
    }

    @Test func `past its budget a function is only counted, exactly, and the report says so`() throws {
        let path = scratch.path + "/limited.json"
        let text = #"[{"target": ":price", "mode": "entry-exit", "sample_every": 2, "max_per_second": 10}]"#
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let result = try Command.run(
            Built.tool, ["run", "--sca", "--config", path, "--report", report, "--", shop, "return"],
            environment: Built.environment())
        #expect(result.code == 9)
        let view = try ReportFileView(report)
        let target = try #require(view.target(":price"))
        #expect(view.hits(":price") == 1_000)
        #expect(target["sample_every"]?.integer == 2 && target["max_per_second"]?.integer == 10)
        let leftOut = try #require(target["left_out"]?.integer)
        #expect(leftOut >= 500 && leftOut <= 990)
        #expect(view.root["counters"]?["hits_left_out"]?.integer == leftOut)
    }

    @Test func `functions that main calls at once are seen`() throws {
        for _ in 0..<5 {
            #expect(try run("return").code == 9)
            #expect(try ReportFileView(report).hits(":price") > 0)
        }
    }

    @Test func `exit codes and signals are the program's`() throws {
        #expect(try run().code == 0)
        #expect(try run("_exit").code == 7)
        #expect(try run("abort").end == .signaled(SIGABRT))
        let running = try Spawned(
            Built.tool, ["run", "--sca", "--", shop, "stay"], environment: Built.environment())
        try running.wait(for: "ready")
        #expect(running.end(by: SIGTERM) == .signaled(SIGTERM))
    }

    @Test func `a program that a signal ends leaves a report that is not final`() throws {
        let path = try payload(":price")
        let running = try Spawned(
            Built.tool, ["run", "--sca", "--config", path, "--report", report, "--", shop, "stay"],
            environment: Built.environment())
        try running.wait(for: "ready")
        #expect(try eventually { try ReportFileView(report).hits(":price") > 0 })
        _ = running.end(by: SIGKILL)
        let view = try ReportFileView(report)
        #expect(view.isFinal == false && view.process == Int64(running.number))
        #expect(view.hits(":price") > 0)
    }

    @Test func `with the gate closed nothing is loaded, and the report says why`() throws {
        let result = try Built.graft(
            "run", "--config", payload(":price"), "--report", report, "--", "/bin/sh", "-c",
            "grep -c libgraft-agent /proc/$$/maps; grep -c libgraft-preload /proc/$$/maps",
            environment: ["DD_APPSEC_ENABLED": "1", "DD_SCA_DETECTION_ENABLED": "no"])
        #expect(result.output.hasPrefix("0\n") && !result.output.hasSuffix("\n0\n"))
        let view = try ReportFileView(report)
        #expect(view.isOpen == false && view.isFinal == true && view.targets.isEmpty)
        #expect(
            view.root["gate"]?["missing"]?.value == ["DD_SCA_DETECTION_ENABLED", "DD_APPSEC_SCA_ENABLED"])
    }

    @Test func `the stub opens for the words that the product opens for`() throws {
        let names = Gate.Variable.allCases.map(\.rawValue)
        let words = [nil, "", "0", "1", " 1", "11", "true", "True", "TRUE", "tRuE", "yes", "on", "false", "truee"]
        for (index, name) in names.enumerated() {
            for word in words {
                var variables = Dictionary(uniqueKeysWithValues: names.map { ($0, index == 0 ? "1" : "true") })
                variables[name] = word
                var environment = Built.environment(variables)
                environment["LD_PRELOAD"] = Built.stub
                environment["GRAFT_AGENT_LIBRARY"] = "/no/such/agent.so"
                let result = try Command.run("/bin/true", [], environment: environment)
                let tried = result.errors.contains("/no/such/agent.so")
                #expect(tried == Gate(environment: variables).isOpen, "\(name)=\(word ?? "(not set)")")
                #expect(result.code == 0)
            }
        }
    }

    @Test func `a program goes on when its agent cannot be loaded, with one line`() throws {
        let result = try run("return", environment: ["GRAFT_AGENT_LIBRARY": "/no/such/agent.so"])
        #expect(result.code == 9)
        #expect(result.errors.split(separator: "\n").count == 1)
        #expect(try ReportFileView(report).problem == "the agent has not started")
    }

    @Test func `a preloaded library stays preloaded`() throws {
        let result = try Built.graft(
            "run", "--", "/bin/sh", "-c", "echo $LD_PRELOAD", environment: ["LD_PRELOAD": "libm.so.6"])
        #expect(result.output == "\(PreloadLibrary.absolute(Built.stub) ?? ""):libm.so.6\n")
    }

    @Test func `a forked child has an agent and a report of its own`() throws {
        let result = try run("fork", targets: ":refund")
        #expect(result.code == 0)
        let child = try #require(result.output.split(separator: " ").last.flatMap { Int64($0.dropLast()) })
        let own = try ReportFileView(report)
        let theirs = try ReportFileView("\(report).\(child)")
        #expect(own.hits(":refund") == 0 && own.isFinal == true && own.process != child)
        #expect(theirs.hits(":refund") > 0 && theirs.isFinal == true && theirs.process == child)
    }

    @Test func `after an exec the new program has the agent`() throws {
        #expect(try run("exec", targets: "libc.so.6:_exit").code == 3)
        #expect(try ReportFileView(report).root["process"]?["program"]?.string?.hasSuffix("sh") == true)
    }

    @Test func `a host that closes what it did not open gets its own bytes`() throws {
        let result = try run("close")
        #expect(result.code == 0)
        #expect(try ReportFileView(report).hits(":price") > 0)
    }

    @Test func `what the agent itself calls is not the program's doing`() throws {
        let targets = ["libc.so.6:rename", "libc.so.6:inotify_add_watch", "libc.so.6:accept4", ":price"]
        let folder = scratch.path + "/config"
        try payload(":price")
        let text = JSONWriter.text(["targets": .array(targets.map { .string($0) })])
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/payload.json"))
        let running = try Spawned(
            Built.tool, ["run", "--sca", "--config", folder, "--report", report, "--", shop, "stay"],
            environment: Built.environment())
        try running.wait(for: "ready")
        #expect(try eventually { try ReportFileView(report).hits(":price") > 0 })
        #expect(try Built.graft("status", "\(running.number)").code == 0)
        _ = running.end(by: SIGTERM)
        let view = try ReportFileView(report)
        for target in targets.dropLast() {
            #expect(view.state(target) == "installed" && view.hits(target) == 0, "\(target)")
        }
    }

    @Test func `an unmodified redis-server is watched under traffic`() throws {
        let server = "/usr/bin/redis-server", client = "/usr/bin/redis-cli", socket = scratch.path + "/socket"
        try #require(FileManager.default.isExecutableFile(atPath: server), "make setup installs redis-server")
        let path = try payload(":processCommand")
        let running = try Spawned(
            Built.tool,
            [
                "run", "--sca", "--config", path, "--report", report, "--", server, "--port", "0", "--unixsocket",
                socket, "--save", "", "--appendonly", "no",
            ], environment: Built.environment())
        #expect(
            try eventually { try Command.run(client, ["-s", socket, "set", "tea", "2"]).output == "OK\n" })
        #expect(try Command.run(client, ["-s", socket, "get", "tea"]).output == "2\n")
        #expect(try eventually { try ReportFileView(report).hits(":processCommand") > 0 })
        #expect(running.end(by: SIGTERM) == .exited(0))
        let view = try ReportFileView(report)
        #expect(view.isFinal == true && view.caller(":processCommand")?["symbol"]?.string?.isEmpty == false)
    }

    @Test func `a changed payload is applied while the program runs`() throws {
        let path = try payload(":price")
        let running = try Spawned(
            Built.tool, ["run", "--sca", "--config", path, "--report", report, "--", shop, "stay"],
            environment: Built.environment())
        try running.wait(for: "ready")
        #expect(try eventually { try ReportFileView(report).hits(":price") > 0 })
        #expect(try ReportFileView(report).target(":refund") == nil)
        try payload(":refund")
        #expect(try eventually { try ReportFileView(report).hits(":refund") > 0 })
        #expect(try eventually { try ReportFileView(report).state(":price") == "removed" })
        _ = running.end(by: SIGTERM)
    }

    @Test func `a target waits for the library that has it`() throws {
        let library = try scratch.program(
            "libcoupon.so", Fixtures.coupon, flags: ["-shared", "-fPIC", "-O1", "-g", "-x", "c"])
        let path = try payload("libcoupon.so:coupon")
        let go = scratch.path + "/go"
        let running = try Spawned(
            Built.tool, ["run", "--sca", "--config", path, "--report", report, "--", shop, "load", go, library],
            environment: Built.environment())
        try running.wait(for: "ready")
        #expect(try eventually { try ReportFileView(report).state("libcoupon.so:coupon") == "pending" })
        _ = FileManager.default.createFile(atPath: go, contents: nil)
        #expect(try eventually { try ReportFileView(report).isFinal == true })
        #expect(try ReportFileView(report).hits("libcoupon.so:coupon") > 0)
    }

    @Test(arguments: [[], ["-static-stdlib"]])
    func `a Swift program is instrumented by its demangled names`(flags: [String]) throws {
        let source = try scratch.file("Shop.swift", Fixtures.swiftShop, mode: 0o644)
        let program = scratch.path + "/Shop"
        let built = try Command.run(
            "/usr/bin/env",
            ["swiftc", "-O", "-parse-as-library", "-module-name", "Shop", source, "-o", program] + flags)
        try #require(built.code == 0, "\(built.errors)")
        let target = "Shop:Order.price(of:)"
        let result = try Built.graft(
            "run", "--sca", "--config", payload(target), "--report", report, "--", program)
        #expect(result.code == 0 && result.output == "374250\n")
        #expect(try ReportFileView(report).hits(target) > 0)
    }
}
