// RemoteLinkTests.swift: Remote Configuration as the agent's thread sees it, over answers that are ready.

import Foundation
import GraftConfig
import GraftRemoteConfig
import GraftSCA
import GraftTelemetry
import GraftTestKit
import Testing

@testable import GraftAgent

@Suite struct RemoteLinkTests {
    private static let path = "datadog/2/SCA_DETECTION/a/config"
    private static let other = "datadog/2/SCA_DETECTION/b/config"

    /// A link whose thread was never started: the test polls.
    private func link(inheriting paths: [String] = [], cache: String = "") throws -> RemoteLink {
        try link(inheriting: .init(paths: paths), cache: cache)
    }

    /// The same, of a child when it inherits a session.
    private func link(inheriting parent: RemoteLink.Inheritance, cache: String) throws -> RemoteLink {
        var complaints: [String] = []
        let environment = ["DD_TRACE_AGENT_URL": "http://127.0.0.1:1", "GRAFT_REMOTE_CONFIG_CACHE": cache]
        let settings = RemoteSettings(program: "shop", followsFile: false, complaints: &complaints) { environment[$0] }
        return RemoteLink(
            settings: try #require(settings),
            telemetry: TelemetrySettings(environment: ["DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0"]),
            inheriting: parent, log: AgentLog(nil))
    }

    /// A round with this answer, as the thread would carry it out.
    private func round(_ link: RemoteLink, _ answer: HTTPAnswer) throws {
        let isOnline = link.poller.state.link.phase == .online
        let transport = ScriptedTransport(isOnline ? [answer] : [.info, answer])
        link.inbox.note(try #require(link.poller.poll(over: transport)))
    }

    private func offer(_ version: UInt64, _ files: [(path: String, text: String)]) -> HTTPAnswer {
        Offer(version, files.map { OfferedFile($0.path, $0.text, version: version) }).answer
    }

    @Test func `a configuration comes, changes and goes, in the words of every source`() throws {
        let link = try link()
        try round(link, offer(1, [(Self.path, #"{"targets":["a:b"]}"#)]))
        let bytes = Array(#"{"targets":["a:b"]}"#.utf8)
        #expect(
            link.take() == [ConfigUpdate(path: Self.path, version: 1, sequence: 1, content: .payload(bytes))])
        try round(link, offer(2, [(Self.path, #"{"targets":[]}"#)]))
        #expect(link.take().map(\.version) == [2])
        try round(link, offer(3, []))
        #expect(link.take() == [ConfigUpdate(path: Self.path, version: 2, sequence: 3, content: .removed)])
        #expect(link.take().isEmpty && link.inheritance.paths.isEmpty)
    }

    @Test func `it asks for the product by name`() throws {
        #expect(try link().poller.state.products == ["SCA_DETECTION"])
    }

    @Test func `only the newest of what was not taken in time is taken, removals first`() throws {
        let link = try link()
        try round(link, offer(1, [(Self.path, #"{"targets":["a:b"]}"#), (Self.other, "{}")]))
        try round(link, offer(2, [(Self.path, #"{"targets":["a:c"]}"#), (Self.other, "{}")]))
        try round(link, offer(3, [(Self.path, #"{"targets":["a:c"]}"#)]))
        let updates = link.take()
        #expect(updates.map(\.path) == [Self.other, Self.path])
        #expect(updates[0].isRemoval && updates[1].bytes == Array(#"{"targets":["a:c"]}"#.utf8))
    }

    @Test func `acknowledgements say what became of it, and nothing before that`() throws {
        let link = try link()
        try round(link, offer(1, [(Self.path, #"{"targets":["a:b"]}"#)]))
        #expect(link.poller.state.configStates.map(\.acknowledgement) == [.unacknowledged])
        _ = link.take()
        #expect(link.poller.state.configStates.map(\.acknowledgement) == [.unacknowledged])
        let pending = Standing.Unresolved(target: "a:b", state: .pending, reason: "not-found")
        link.acknowledge { _ in
            [Self.path: Standing(state: .applied, targets: 1, unresolvedTargets: 1, unresolved: [pending])]
        }
        #expect(
            link.poller.state.configStates.map(\.acknowledgement)
                == [.incomplete("1 of 1 targets unresolved: a:b (pending: not-found)")])
        link.acknowledge { _ in [Self.path: Standing(state: .applied, targets: 1)] }
        #expect(link.poller.state.configStates.map(\.acknowledgement) == [.acknowledged])
        let error = ConfigError(.limit, "too many targets", path: Self.path)
        link.acknowledge { _ in [Self.path: Standing(state: .refused, errors: [error])] }
        #expect(link.poller.state.configStates.map(\.acknowledgement) == [.error("too many targets")])
    }

    @Test func `an old acknowledgement never speaks for a new content`() throws {
        let link = try link()
        try round(link, offer(1, [(Self.path, #"{"targets":["a:b"]}"#)]))
        _ = link.take()
        try round(link, offer(2, [(Self.path, #"{"targets":["a:c"]}"#)]))
        link.acknowledge { _ in [Self.path: Standing(state: .applied, targets: 1)] }
        #expect(link.poller.state.configStates.map(\.acknowledgement) == [.unacknowledged])
        _ = link.take()
        link.acknowledge { _ in [Self.path: Standing(state: .applied, targets: 1)] }
        #expect(link.poller.state.configStates.map(\.acknowledgement) == [.acknowledged])
    }

    @Test func `what a parent had applied goes with the first answer that does not name it`() throws {
        let link = try link(inheriting: [Self.path, Self.other])
        #expect(link.take().isEmpty && !link.hasTried)
        try round(link, .failure("nobody"))
        #expect(link.take().isEmpty && link.hasTried)
        #expect(link.inheritance.paths == [Self.path, Self.other])
        try round(link, offer(1, [(Self.path, #"{"targets":["a:b"]}"#)]))
        let updates = link.take()
        #expect(updates.map(\.path) == [Self.path, Self.other] && updates.map(\.isRemoval) == [false, true])
        try round(link, .ok("{}"))
        #expect(link.take().isEmpty && link.inheritance.paths == [Self.path])
    }

    @Test func `what a parent had applied stays until an answer states what is in force`() throws {
        let link = try link(inheriting: [Self.path])
        try round(link, .ok("{}"))
        #expect(link.take().isEmpty && link.inheritance.paths == [Self.path])
        try round(link, offer(1, []))
        #expect(link.take().map(\.isRemoval) == [true])
    }

    @Test func `what was in force is in force at the next start, without a Datadog agent`() throws {
        let folder = Folder()
        let file = "\(folder.path)/cache"
        let first = try link(cache: file)
        first.cache?.load(into: first.poller)
        try round(first, offer(1, [(Self.path, #"{"targets":["a:b"]}"#)]))
        _ = first.take()
        first.acknowledge { _ in [Self.path: Standing(state: .applied, targets: 1)] }
        if first.inbox.isConfirmed { first.cache?.keep() }

        let second = try link(cache: file)
        second.cache?.load(into: second.poller)
        #expect(second.take().map(\.path) == [Self.path])
        try round(second, .failure("nobody"))
        if second.inbox.isConfirmed { second.cache?.keep() }
        #expect(second.take().isEmpty && second.inheritance.paths == [Self.path])
        try round(second, offer(2, []))
        #expect(second.take().map(\.isRemoval) == [true])
        if second.inbox.isConfirmed { second.cache?.keep() }

        let third = try link(cache: file)
        third.cache?.load(into: third.poller)
        #expect(third.take().isEmpty)
    }

    @Test func `a forked child has no cache`() throws {
        let folder = Folder()
        let child = try link(
            inheriting: .init(session: TelemetrySession(runtimeID: "parent")), cache: "\(folder.path)/cache")
        child.cache?.load(into: child.poller)
        try round(child, offer(1, [(Self.path, "{}")]))
        if child.inbox.isConfirmed { child.cache?.keep() }
        #expect(access("\(folder.path)/cache", F_OK) != 0)
    }

    @Test func `the report has what a status needs`() throws {
        let link = try link()
        try round(link, offer(7, [(Self.path, #"{"targets":["a:b"]}"#)]))
        try round(link, .failure("it broke"))
        let json = link.report.json
        #expect(json["agent"]?.string == "http://127.0.0.1:1" && json["state"]?.string == "online")
        #expect(json["targets_version"]?.integer == 7)
        #expect(json["configurations"]?.array?.first?["apply_state"]?.integer == 1)
        #expect(json["polls"]?["count"]?.integer == 2 && json["polls"]?["failed"]?.integer == 1)
        #expect(json["polls"]?["last_failure"]?.string == "it broke")
        #expect(json["polls"]?["latencies"]?.array?.compactMap { $0["count"]?.integer }.reduce(0, +) == 2)
    }
}

@Suite struct StandingTextTests {
    @Test func `an error is told without the path, and others are counted`() {
        let place = ConfigError(.limit, "bad", path: "p")
        #expect(Acknowledgement(Standing(state: .refused, errors: [place])) == .error("bad"))
        #expect(
            Acknowledgement(Standing(state: .partial, errors: [place, place, place])) == .error("bad (and 2 more)"))
        #expect(Acknowledgement(Standing(state: .ignored)) == .error("ignored"))
    }

    @Test func `targets that are not there are named with their reasons`() {
        let unresolved = [
            Standing.Unresolved(target: "a:b", state: .pending, reason: nil),
            Standing.Unresolved(target: "a:c", state: .refused, reason: "too-short"),
        ]
        let standing = Standing(state: .applied, targets: 3, unresolvedTargets: 2, unresolved: unresolved)
        #expect(
            Acknowledgement(standing)
                == .incomplete("2 of 3 targets unresolved: a:b (pending), a:c (refused: too-short)"))
    }
}
