// SupervisorTests.swift: what a child's end and a signal mean.

import Glibc
import Testing

@testable import GraftCLI

@Suite struct SupervisorTests {
    @Test func `the status word is read as the system defines it`() {
        #expect(ChildStatus(0) == .ended(.exited(0)))
        #expect(ChildStatus(0x0300) == .ended(.exited(3)))
        #expect(ChildStatus(0xFF00) == .ended(.exited(255)))
        #expect(ChildStatus(9) == .ended(.signaled(9)))
        #expect(ChildStatus(11 | 0x80) == .ended(.signaled(11)))
        #expect(ChildStatus(SIGTSTP << 8 | 0x7F) == .stopped(SIGTSTP))
    }

    @Test func `a signal that somebody sent is passed on, one of the terminal is not`() {
        for number in Supervisor.forwarded where number != SIGCONT {
            #expect(Supervisor.reaction(to: .init(number: number, isFromKernel: false)) == .forward(number))
            #expect(Supervisor.reaction(to: .init(number: number, isFromKernel: true)) == .ignore)
        }
        #expect(Supervisor.reaction(to: .init(number: SIGCONT, isFromKernel: true)) == .forward(SIGCONT))
        #expect(Supervisor.reaction(to: .init(number: SIGCHLD, isFromKernel: true)) == .reap)
    }
}
