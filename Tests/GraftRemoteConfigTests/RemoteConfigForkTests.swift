// RemoteConfigForkTests: real forks of a real program, ForkingPoller, at every step of a poll. A child makes a thread of its
// own, waits for nothing of its parent's, and leaves its parent alone.

import Scenarios
import Testing

@Suite("The thread that polls, in a process that forks")
struct RemoteConfigForkTests {
    /// Runs a scenario, 30 seconds at most; its lines. A program that hangs is ended and says nothing more.
    private func lines(_ scenario: String) throws -> [String] {
        let scenario = try Scenario(of: "ForkingPoller", [scenario], seconds: 30)
        #expect(scenario.hasSucceeded)
        return scenario.lines
    }

    @Test(
        "does not matter to a child that is made on that thread, at any step",
        arguments: [
            "start", "before", "periodic", "send", "after", "end",
        ])
    func steps(_ step: String) throws { #expect(try lines(step) == ["parent: child ended 0"]) }

    @Test(
        "ends in a child that returns to its round, which then asks nothing in its parent's name",
        arguments: ["returns", "returns-late"])
    func returns(_ step: String) throws { #expect(try lines(step) == ["parent: child ended 0"]) }

    @Test("is not waited for while it waits for an answer, and waits on after the fork")
    func exchange() throws {
        #expect(try lines("exchange") == ["parent: child ended 0; the parent's thread runs: true"])
    }

    @Test("survives a hundred forks at steps of chance, as do the children")
    func many() throws { #expect(try lines("many") == ["parent: done true"]) }
}
