// ProcessFactsTests.swift: what /proc says, of this process and in texts made by hand.

import Foundation
import Testing

@testable import GraftCLI

@Suite struct ProcessFactsTests {
    @Test func `this process is known`() throws {
        let facts = try ProcessFacts(process: getpid())
        #expect(facts.user == geteuid() && facts.isAlive)
        #expect(facts.environment?.contains { $0.hasPrefix("PATH=") } == true)
        #expect(facts.executableFiles?.contains { $0.path.contains("libc.so") } == true)
        #expect(facts.executable != nil)
    }

    @Test func `a process that does not exist is an error with its number`() {
        let found = #expect(throws: Refusal.self) { try ProcessFacts(process: 0x7FFF_FFFF) }
        #expect(found?.description == "process 2147483647: no such process")
    }

    @Test func `the effective user is the second number`() {
        #expect(ProcessFacts.effectiveUser(status: Array("Name:\tx\nUid:\t1\t2\t3\t4\n".utf8)) == 2)
        #expect(ProcessFacts.effectiveUser(status: Array("Name:\tUid:\n".utf8)) == nil)
    }

    @Test func `only executable files are listed, each once`() {
        let maps = """
            55d0-55d1 r--p 00000000 fd:01 12   /bin/a b
            55d1-55d2 r-xp 00001000 fd:01 12   /bin/a b
            55d2-55d3 r-xp 00002000 fd:01 12   /bin/a b
            7f00-7f01 r-xp 00000000 00:00 0
            7f01-7f02 r-xp 00000000 fd:01 99   /tmp/old.so (deleted)
            7f02-7f03 r-xp 00000000 00:01 77   memfd:jit (deleted)
            7fff-8000 r-xp 00000000 00:00 0    [vdso]
            """
        #expect(
            MappedFile.executable(maps: maps) == [
                MappedFile(path: "/bin/a b", isDeleted: false), MappedFile(path: "/tmp/old.so", isDeleted: true),
            ])
    }
}
