// FaultRunTests.swift: faults injected into programs that know nothing of it, under `graft run`.

import Foundation
import GraftConfig
import Testing

@testable import GraftCLI

@Suite("End to end: faults", .enabled(if: Built.isThere), .serialized) struct FaultRunTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Runs `cat` on a file of its own, with a fault in the place of `open`.
    private func cat(environment: [String: String]) throws -> (result: Command.Result, report: ReportFileView) {
        let (payload, file, report) = (scratch.path + "/payload.json", scratch.path + "/file", scratch.path + "/report")
        let text = #"""
            {"targets": [{"target": "libc.so.6:open", "signature": "i32(cstr,i32,u32)",
                          "action": {"return": -1, "errno": 122}}]}
            """#
        try Data(text.utf8).write(to: URL(fileURLWithPath: payload))
        try Data("what is in the file".utf8).write(to: URL(fileURLWithPath: file))
        let result = try Command.run(
            Built.tool, ["run", "--sca", "--config", payload, "--report", report, "--", "/bin/cat", file],
            environment: Built.environment(environment.merging(["LC_ALL": "C"]) { $1 }))
        return (result, try ReportFileView(report))
    }

    @Test func `a program meets the error that a payload asks for`() throws {
        let (result, report) = try cat(environment: ["GRAFT_FAULT_INJECTION_ENABLED": "1"])
        #expect(result.code == 1)
        #expect(result.errors.contains("Disk quota exceeded"))
        #expect(!result.output.contains("what is in the file"))
        #expect(report.state("libc.so.6:open") == "installed")
        #expect(report.hits("libc.so.6:open") > 0)
    }

    @Test func `while faults are switched off the program runs as ever, and the report says why`() throws {
        let (result, report) = try cat(environment: [:])
        #expect(result.code == 0)
        #expect(result.output.contains("what is in the file"))
        #expect(report.state("libc.so.6:open") == "refused")
        #expect(report.target("libc.so.6:open")?["reason"]?.string?.contains("GRAFT_FAULT_INJECTION_ENABLED") == true)
    }
}
