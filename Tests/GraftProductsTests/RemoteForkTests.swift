// RemoteForkTests: real forks of a real program, ForkingRemote, whose processes ask a real server.

import Scenarios
import Testing

@Suite("Remote Configuration in a process that forks", .serialized)
struct RemoteForkTests {
    /// What a scenario has said, and whom the agent has seen.
    private struct Account {
        var lines: [String]
        var clients: [(client: String, runtime: String)]
    }

    /// Runs a scenario, 60 seconds at most. A program that hangs is ended and says nothing more.
    private func run(_ scenario: String, path: String = "") throws -> Account {
        let agent = try LoopbackAgent()
        let scenario = try Scenario(
            of: "ForkingRemote", [scenario, "http://127.0.0.1:\(agent.port)\(path)"], seconds: 60)
        #expect(scenario.hasSucceeded)
        return Account(lines: scenario.lines, clients: agent.end())
    }

    @Test("gives child and grandchild clients of their own, with all that is in force, and the parent polls on")
    func family() throws {
        let account = try run("family")
        let names = account.lines.filter { $0.contains(" is ") }.map { $0.split(separator: " ").map(String.init) }
        #expect(names.map(\.first) == ["parent", "child", "grandchild", "parent"])
        #expect(names.first == names.last)
        #expect(
            account.lines.filter { !$0.contains(" is ") } == [
                "grandchild ended 0", "child ended 0", "parent polls on: true",
            ])
        #expect(account.clients.map(\.runtime) == names.dropLast().map(\.last))
        #expect(Set(account.clients.flatMap { [$0.client, $0.runtime] }).count == 6)
    }

    @Test("serves every child that is made while the first poll is being made")
    func early() throws {
        let account = try run("early")
        #expect(account.lines == ["done"])
        #expect(Set(account.clients.map(\.client)).count == account.clients.count)
        #expect(account.clients.count == 21)
    }

    @Test("serves every child that is made while a poll is under way")
    func underWay() throws {
        let account = try run("under-way", path: "/slow")
        #expect(account.lines == ["done"])
        #expect(account.clients.count == 11)
    }

    @Test("makes no fork and no stop wait for an agent that does not answer")
    func stalled() throws {
        let account = try run("stalled", path: "/stall")
        let words = try #require(account.lines.first).split(separator: " ")
        #expect(account.lines.count == 1 && words.count == 4)
        // An exchange takes five seconds here; a fork on a loaded machine takes milliseconds.
        #expect(try #require(Int(words[1])) < 2_000 && Int(words[3])! < 2_000, "\(account.lines)")
    }

    @Test("serves every child when threads fork at once and another one changes what is wanted")
    func threads() throws {
        let account = try run("threads")
        #expect(account.lines == ["done"])
        #expect(Set(account.clients.map(\.runtime)).count == 19)
    }

    @Test("serves a child that is made in a callback")
    func callback() throws {
        let account = try run("callback")
        #expect(account.lines.count == 2 && account.lines.last == "child ended 0")
        #expect(account.lines.first == "child is \(account.clients.last?.runtime ?? "")")
    }

    @Test("takes settings back in a child for which the agent has none")
    func withdrawn() throws {
        #expect(
            try run("withdrawn", path: "/once").lines == [
                "parent's rate true", "child's rate true, then true", "child ended 0, parent's rate 25",
            ])
    }
}
