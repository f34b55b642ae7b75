// ProgramCheckTests.swift: which programs are refused before they start, on real files.

import Foundation
import Testing

@testable import GraftCLI

@Suite struct ProgramCheckTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The refusal of a program; nil when there is none.
    private func refusal(_ path: String, searchPath: String? = "/usr/bin:/bin") -> Refusal? {
        do throws(Refusal) {
            try ProgramSearch.check(path)
            try ProgramCheck(searchPath: searchPath).check(path)
            return nil
        } catch {
            return error
        }
    }

    @Test func `an ordinary dynamic program may start`() throws {
        #expect(refusal("/bin/true") == nil)
        #expect(refusal(try scratch.program("plain")) == nil)
        #expect(refusal(try scratch.program("fixed", flags: ["-no-pie"])) == nil)
    }

    @Test(arguments: [0o4755, 0o6755, 0o4711]) func `a setuid program is refused`(mode: Int) throws {
        let found = try #require(refusal(scratch.copy("/bin/true", to: "su", mode: mode)))
        #expect(found.reason.contains("setuid") && found.exitCode == ExitCode.refused)
    }

    @Test func `a setgid program is refused, a file with mandatory locking is not`() throws {
        #expect(refusal(try scratch.copy("/bin/true", to: "sg", mode: 0o2755))?.reason.contains("setgid") == true)
        #expect(refusal(try scratch.copy("/bin/true", to: "lock", mode: 0o2745)) == nil)
    }

    @Test func `a program with file capabilities is refused`() throws {
        let path = try scratch.copy("/bin/true", to: "capable")
        guard let tool = ["/usr/sbin/setcap", "/sbin/setcap"].first(where: FileManager.default.isExecutableFile),
            try Command.run(tool, ["cap_net_raw+ep", path]).code == 0
        else { return }
        #expect(refusal(path)?.reason.contains("file capabilities") == true)
    }

    @Test func `static programs are refused, position-independent or not`() throws {
        for (name, flag) in [("static", "-static"), ("static-pie", "-static-pie")] {
            let found = try #require(refusal(scratch.program(name, flags: [flag])))
            #expect(found.reason.contains("static program") && found.exitCode == ExitCode.refused)
        }
    }

    @Test func `foreign programs are refused with their reason`() throws {
        func write(_ name: String, _ file: ElfFile) throws -> String {
            let path = try scratch.file(name, "")
            try Data(file.bytes).write(to: URL(fileURLWithPath: path))
            return path
        }
        let linker = ElfFile.dynamic("/lib64/ld-linux.so.2")
        var small = linker, other = linker
        small.bits = 1
        other.machine = 21
        #expect(refusal(try write("small", small))?.reason.contains("32-bit") == true)
        #expect(refusal(try write("other", other))?.reason.contains("another processor") == true)
        let musl = ElfFile.dynamic("/lib/ld-musl-x86_64.so.1")
        #expect(refusal(try write("musl", musl))?.reason.contains("musl") == true)
        var cut = linker
        cut.tail = []
        let damaged = try #require(refusal(try write("cut", cut)))
        #expect(damaged.reason.contains("damaged") && damaged.exitCode == ExitCode.notExecutable)
    }

    @Test func `scripts are judged by their interpreter`() throws {
        let fixed = try scratch.program("interpreter", flags: ["-static"])
        #expect(refusal(try scratch.file("good", "#!/bin/sh\n")) == nil)
        let script = try scratch.file("bad", "#!\(fixed) -x\n")
        let found = try #require(refusal(script))
        #expect(found.place == script && found.reason.contains("its interpreter \(fixed): is a static program"))
        #expect(refusal(try scratch.file("chain", "#!\(script)\n"))?.reason.contains("static program") == true)
        let missing = try #require(refusal(try scratch.file("lost", "#!/no/such/interpreter\n")))
        #expect(missing.exitCode == ExitCode.notFound)
    }

    @Test func `env is followed along PATH`() throws {
        _ = try scratch.program("interp", flags: ["-static"])
        let script = try scratch.file("script", "#!/usr/bin/env interp\n")
        #expect(refusal(script, searchPath: scratch.path)?.reason.contains("static program") == true)
    }

    @Test func `scripts that lead to themselves end`() throws {
        let path = try scratch.file("loop", "")
        _ = try scratch.file("loop", "#!\(path)\n")
        #expect(refusal(path)?.reason.contains("too many scripts") == true)
    }

    @Test func `what cannot be executed is told as shells tell it`() throws {
        #expect(refusal("/no/such/program")?.exitCode == ExitCode.notFound)
        #expect(refusal(scratch.path)?.exitCode == ExitCode.notExecutable)
        #expect(refusal(try scratch.file("text", "echo hi\n"))?.exitCode == ExitCode.notExecutable)
        #expect(refusal(try scratch.file("mode", "#!/bin/sh\n", mode: 0o644))?.exitCode == ExitCode.notExecutable)
        #expect(refusal("/dev/null")?.exitCode == ExitCode.notExecutable)
    }

    @Test func `PATH is searched as execvp does`() throws {
        let one = try Scratch(), two = try Scratch()
        let path = "\(one.path):\(two.path)"
        #expect(throws: Refusal.self) { try ProgramSearch.find("tool", path: path) }
        let second = try two.file("tool", "#!/bin/sh\n")
        #expect(try ProgramSearch.find("tool", path: path) == second)
        _ = try one.file("tool", "#!/bin/sh\n", mode: 0o644)
        #expect(try ProgramSearch.find("tool", path: path) == second)
        let denied = #expect(throws: Refusal.self) { try ProgramSearch.find("tool", path: one.path) }
        #expect(denied?.exitCode == ExitCode.notExecutable)
        #expect(try ProgramSearch.find("sh", path: nil).hasSuffix("/sh"))
        let unknown = #expect(throws: Refusal.self) { try ProgramSearch.find("no-such-tool", path: nil) }
        #expect(unknown?.exitCode == ExitCode.notFound)
    }
}

@Suite struct ConfigurationCheckTests {
    private let scratch: Scratch
    private let errors = Output(descriptor: -1)

    init() throws { scratch = try Scratch() }

    @Test func `a configuration that everyone may write is refused`() throws {
        let path = try scratch.file("world.json", "{}", mode: 0o666)
        let found = #expect(throws: Refusal.self) { try ConfigurationCheck.check(path, errors: errors) }
        #expect(found?.exitCode == ExitCode.refused && found?.place == path)
    }

    @Test func `so is one in a folder in which everyone may replace it`() throws {
        let path = try scratch.file("a.json", "{}", mode: 0o644)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: scratch.path)
        #expect(throws: Refusal.self) { try ConfigurationCheck.check(path, errors: errors) }
        #expect(throws: Refusal.self) { try ConfigurationCheck.check(scratch.path, errors: errors) }
        try FileManager.default.setAttributes([.posixPermissions: 0o1777], ofItemAtPath: scratch.path)
        #expect(try ConfigurationCheck.check(path, errors: errors) == path)
    }

    @Test func `one that does not exist yet is waited for, if its folder exists`() throws {
        let path = "\(scratch.path)/later.json"
        #expect(try ConfigurationCheck.check(path, errors: errors) == path)
        #expect(throws: Refusal.self) { try ConfigurationCheck.check("\(scratch.path)/no/later.json", errors: errors) }
        #expect(throws: Refusal.self) { try ConfigurationCheck.check("/dev/null", errors: errors) }
    }

    @Test func `a relative path keeps its meaning`() {
        #expect(RunCommand.absolute("/a/b") == "/a/b")
        #expect(RunCommand.absolute("b") == FileManager.default.currentDirectoryPath + "/b")
    }
}
