// RenderingTests.swift: tables, summaries and statuses as people see them.

import Graft
import GraftConfig
import Testing

@testable import GraftCLI

@Suite struct TableTests {
    @Test func `columns are as wide as their widest text`() {
        var table = Table(columns: [.init("NAME"), .init("N", isRight: true), .init("LAST")])
        table.rows = [["a", "100", "x"], ["longer", "7", ""]]
        #expect(table.lines() == ["NAME      N  LAST", "a       100  x", "longer    7  "])
    }

    @Test func `lines are cut to the width`() {
        #expect(Table.cut("abcdef", to: 6) == "abcdef")
        #expect(Table.cut("abcdef", to: 5) == "abcd…")
        #expect(Table.cut("abcdef", to: 0) == "…")
        #expect(Table.cut("abcdef", to: nil) == "abcdef")
    }

    @Test func `control characters never reach the terminal`() {
        #expect(Table.printable("a\u{1B}[2Jb\nc\u{9B}d\u{7F}") == "a?[2Jb?c?d?")
        #expect(Table.printable("größe → 大") == "größe → 大")
    }
}

@Suite struct ExplainSummaryTests {
    private func explanation(_ reason: GraftError.Code?, exit: GraftError.Code? = nil) -> Explanation {
        Explanation(
            entry: EntryPoint(offset: 0x10, size: 5, image: "i", symbol: "f"), tactic: reason == nil ? .jump : .refused,
            reason: reason, reasonOffset: 0x12, exitReason: exit)
    }

    @Test func `every function is counted once`() {
        var summary = ExplainSummary()
        for reason in [nil, nil, .tooShort, .tooShort, .ifunc] as [GraftError.Code?] {
            summary.add(explanation(reason))
        }
        summary.add(explanation(nil, exit: .noExit))
        #expect(summary.functions == 6 && summary.instrumentable == 3 && summary.withoutExit == 1)
        #expect(summary.refused == ["too-short": 2, "ifunc": 1])
        #expect(summary.reasons.map(\.reason) == ["too-short", "ifunc"])
        #expect(
            JSONWriter.text(summary.json)
                == #"{"functions":6,"instrumentable":3,"no_exit":1,"trap_only":0,"refused":{"too-short":2,"ifunc":1}}"#)
        #expect(summary.lines[1] == "instrumentable  3  (50.0 %)")
    }

    @Test func `totals of files add up, and nothing is no division by zero`() {
        var one = ExplainSummary(), two = ExplainSummary()
        one.add(explanation(.tooShort))
        two.add(explanation(.tooShort))
        two.add(explanation(nil))
        one.add(two)
        #expect(one.functions == 3 && one.refused == ["too-short": 2] && one.instrumentable == 1)
        #expect(ExplainSummary().lines[1] == "instrumentable  0")
    }

    @Test func `a row tells the reason and its place`() {
        #expect(ExplainPrinter.row(explanation(.branchIntoPatch)).contains("branch-into-patch at 0x12"))
        #expect(ExplainPrinter.row(explanation(nil)).contains("jump                yes   f"))
        #expect(ExplainPrinter.json(explanation(.tooShort))["reason_offset"]?.integer == 0x12)
        #expect(ExplainPrinter.json(explanation(nil))["reason"] == .null)
    }
}

@Suite struct StatusViewTests {
    private func view(_ json: String) throws -> StatusView { StatusView(try JSONDocument.parse(json).root) }

    private static let status = """
        {"gate":{"open":true,"reason":null},"error":null,
         "agent":{"problem":null,"configuration_problems":["a.json:3:1: a comma is expected"]},
         "configurations":[{"path":"b.json","errors":[{"message":"bad","line":2,"column":7}]}],
         "targets":[
          {"target":"c:f","state":"installed","reason":null,"mode":"once","entry_points":[
            {"hits":2,"first_caller":{"image":"/usr/bin/app","symbol":"main","offset":18,"file":null,"line":null}},
            {"hits":3,"first_caller":null}]},
          {"target":"c:g","state":"pending","reason":"not-found","mode":null,"entry_points":[]}],
         "counters":{"installed":2,"hits":5,"removed":0,"refused_by":{}}}
        """

    @Test func `a status is shown with its targets, problems and counters`() throws {
        let lines = try view(Self.status).lines()
        #expect(
            lines.prefix(3) == [
                "gate open, 2 targets", "problem: a.json:3:1: a comma is expected", "problem: b.json:2:7: bad",
            ])
        #expect(lines.contains("c:f     installed  once          2     5  app:main+0x12"))
        #expect(lines.contains("c:g     pending    -             0     0  not-found"))
        #expect(lines.last == "installed 2, hits 5")
    }

    @Test func `a share of the calls is shown, and what was left out`() throws {
        let limits = #""mode":"entry","sample_every":10,"max_per_second":50,"left_out":4"#
        let lines = try view(Self.status.replacingFirst(#""mode":"once""#, with: limits)).lines()
        #expect(lines.contains("c:f     installed  entry 1/10 50/s          2     5  4 left out; app:main+0x12"))
        let whole = #""mode":"entry","sample_every":1,"max_per_second":0,"left_out":0"#
        let plain = try view(Self.status.replacingFirst(#""mode":"once""#, with: whole)).lines()
        #expect(plain.contains("c:f     installed  entry          2     5  app:main+0x12"))
    }

    @Test func `the link to a Datadog agent is shown, and what is not simply in force`() throws {
        let remote = """
            "remote_configuration":{"agent":"http://h:1","enabled":true,"state":"failing","error":null,
             "products":["SCA_DETECTION"],
             "configurations":[{"path":"d/a","version":1,"apply_state":2,"apply_error":null},
              {"path":"d/b","version":2,"apply_state":3,"apply_error":"bad"},
              {"path":"d/c","version":3,"apply_state":1,"apply_error":null},
              {"path":"d/d","version":4,"apply_state":2,"apply_error":"1 of 2 targets unresolved"}],
             "polls":{"count":9,"failed":2,"last_ms":1.5,"slowest_ms":4,"last_failure":"nobody listens"}},
            """
        let status = Self.status.replacingFirst("{", with: "{" + remote)
        #expect(
            Array(try view(status).lines()[3...9]) == [
                "remote configuration failing, Datadog agent http://h:1, products SCA_DETECTION",
                "9 polls, 2 failed, last 1.5 ms, slowest 4.0 ms", "problem: nobody listens",
                "d/b version 2 refused: bad", "d/c version 3 under way",
                "d/d version 4 in force: 1 of 2 targets unresolved", "d/a version 1 in force",
            ])
        let off = Self.status.replacingFirst(
            "{", with: #"{"remote_configuration":{"agent":"unix:///s","enabled":false},"#)
        #expect(try view(off).lines().contains("remote configuration off, Datadog agent unix:///s"))
        #expect(try view(#"{"remote_configuration":null}"#).remote == nil)
    }

    @Test func `twenty configurations are shown, and the others counted`() throws {
        func lines(_ count: Int) throws -> [String] {
            let list = (0..<count).map { #"{"path":"d/\#($0)","version":1,"apply_state":2}"# }.joined(separator: ",")
            return try view(
                #"{"remote_configuration":{"agent":"unix:///s","enabled":true,"configurations":[\#(list)]}}"#
            ).lines()
        }
        #expect(try lines(20).last == "d/19 version 1 in force")
        #expect(try lines(22).last == "and 2 configurations more")
    }

    @Test func `a closed gate says why`() throws {
        let view = try view(#"{"gate":{"open":false,"reason":"A is not set"},"targets":[]}"#)
        #expect(view.lines() == ["gate closed: A is not set"])
    }

    @Test func `a status of another version is shown as far as it is understood`() throws {
        #expect(try view("{}").lines() == ["gate unknown"])
        #expect(try view(#"{"targets":[{}, 7]}"#).rows.map(\.target) == ["?", "?"])
        #expect(try view(#"[]"#).rows.isEmpty)
    }

    @Test func `changes are told once`() throws {
        let first = try view(Self.status)
        #expect(first.changes(since: nil).count == 2)
        #expect(first.changes(since: first).isEmpty)
        let later = try view(Self.status.replacingFirst("pending", with: "installed"))
        #expect(later.changes(since: first) == ["c:g installed: not-found (0 hits)"])
    }

    @Test func `lines fit the terminal`() throws {
        #expect(try view(Self.status).lines(width: 30).allSatisfy { $0.count <= 30 })
    }
}

extension String {
    /// The text with the first occurrence of a word replaced.
    func replacingFirst(_ word: String, with other: String) -> String {
        guard let range = self.firstRange(of: word) else { return self }
        return replacingCharacters(in: range, with: other)
    }

    private func replacingCharacters(in range: Range<Index>, with other: String) -> String {
        self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}
