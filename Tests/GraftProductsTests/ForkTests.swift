// ForkTests: real forks of a real program, ForkingProducts, which says line by line what its products are told.

import Scenarios
import Testing

@Suite("Products in a process that forks")
struct ForkTests {
    /// Runs a scenario, 20 seconds at most; its lines. A program that hangs is ended and says nothing more.
    private func lines(_ scenario: String) throws -> [String] {
        let scenario = try Scenario(of: "ForkingProducts", [scenario], seconds: 20)
        #expect(scenario.hasSucceeded)
        return scenario.lines
    }

    @Test("are told before, in the parent and in the child, once each and in the order of the start")
    func order() throws {
        let lines = try lines("order")
        let parent = lines.filter { $0.hasPrefix("parent: ") }.map { $0.dropFirst(8) }
        let child = lines.filter { $0.hasPrefix("child: ") }.map { $0.dropFirst(7) }
        #expect(
            parent.filter { !$0.contains("products:") } == [
                "start a", "start b", "start bad", "before a", "before b", "after a", "after b", "child ended 0",
                "stop b",
                "stop a",
            ])
        #expect(child.filter { !$0.contains("products:") } == ["fresh", "restart a", "restart b", "stop b", "stop a"])
        #expect(lines.firstIndex(of: "parent: before b")! < lines.firstIndex(of: "child: fresh")!)
    }

    @Test("whose restart fails take down in the child those that require them, and nobody in the parent")
    func failedRestart() throws {
        let lines = try lines("restart-fails")
        #expect(lines.contains("child: a is failed"))
        #expect(lines.contains("child: b is failed-requirement"))
        #expect(lines.contains("child: c is running"))
        #expect(lines.contains("child: products: b: requires a, which does not run"))
        #expect(!lines.contains("child: restart b"))
        #expect(lines.contains("parent: b is running"))
    }

    @Test("do not make a fork wait for a start that waits for input; the child starts what was left")
    func duringStart() throws {
        let lines = try lines("during-start")
        let child = lines.filter { $0.hasPrefix("child: ") && !$0.contains("products:") }.map { $0.dropFirst(7) }
        #expect(
            child == [
                "fresh", "restart a", "a is running", "slow is failed", "later is registered", "start later",
                "stop later",
                "stop a",
            ])
        #expect(
            lines.suffix(4) == ["parent: start later", "parent: stop later", "parent: stop slow", "parent: stop a"])
    }

    @Test("may use any lock in a child, also under contention")
    func contention() throws {
        let lines = try lines("contention")
        #expect(lines.contains("child: contended"))
        #expect(lines.contains("parent: child ended 0"))
    }

    @Test("are carried over a fork of a fork")
    func nested() throws {
        let lines = try lines("nested")
        #expect(lines.filter { $0 == "child: restart a" }.count == 2)
        #expect(lines.filter { $0 == "child: fresh" }.count == 2)
        #expect(lines.contains("child: grandchild: true"))
        #expect(lines.suffix(3) == ["child: grandchild ended 0", "parent: child ended 0", "parent: atExit a"])
    }

    @Test("leave every child usable when threads fork while others work with the manager")
    func many() throws {
        let lines = try lines("many")
        #expect(lines.filter { $0 == "child: fresh" }.count == 40)
        #expect(lines.filter { $0.hasPrefix("parent") } == ["parent: done"])
    }

    @Test("are named when they make a fork wait for long")
    func slow() throws {
        #expect(try lines("slow").contains { $0.hasPrefix("parent: products: a: beforeFork: ") })
    }

    @Test("are told at the end of the process, in the reverse order, in parent and child")
    func atExit() throws {
        let lines = try lines("exit")
        #expect(lines.filter { $0.contains("child: atExit") } == ["child: atExit b", "child: atExit a"])
        #expect(lines.suffix(3) == ["parent: child ended 0", "parent: atExit b", "parent: atExit a"])
    }

    @Test("keep their remote settings in a child until its first delivery, which is the whole set")
    func remote() throws {
        let lines = try lines("remote").filter { !$0.contains("products:") }
        let child = lines.filter { $0.hasPrefix("child: ") }.map { $0.dropFirst(7) }
        #expect(child == ["fresh", "restart a", "inherited 0.25", "rc a 0.5", "rc a local"])
        #expect(lines.contains("parent: parent's 0.25"))
    }
}
