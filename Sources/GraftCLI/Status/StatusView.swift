// StatusView.swift: how the state of an instrumented process looks to a person.
//
// Owns the table and the lines around it; a pure function of the status's JSON. A member that is missing or of another
// kind is shown as unknown: the process may run another version of Graft. Neighbours: StatusCommand.swift,
// LiveView.swift.

import GraftConfig

/// The parts of a status that people look at.
struct StatusView: Hashable, Sendable {
    /// One target.
    struct Row: Hashable, Sendable {
        /// Its text.
        var target: String
        /// Its state.
        var state: String
        /// Why, where there is a reason.
        var reason: String
        /// What is done at each call, and at how many of them.
        var mode: String
        /// Functions that it names.
        var entryPoints: Int
        /// Calls seen, of all of them.
        var hits: Int64
        /// Of those, at which no more was done than to count them, though the mode does more.
        var leftOut: Int64
        /// Where the first of them was first called from.
        var firstCaller: String
    }

    /// Whether the gate is open; nil when the status does not say.
    var isOpen: Bool?
    /// Why it is closed.
    var gateReason: String
    /// What the agent says of itself: a failed start, a configuration's errors.
    var problems: [String]
    /// The link to a Datadog agent; nil when there is none, or the status does not say.
    var remote: RemoteView?
    /// The targets.
    var rows: [Row]
    /// The counters that are not zero.
    var counters: [(name: String, value: Int64)] { allCounters.filter { $0.value != 0 }.map { ($0.name, $0.value) } }
    private var allCounters: [Counter]

    /// A number with its name.
    private struct Counter: Hashable, Sendable {
        var name: String
        var value: Int64
    }

    /// The parts of this status.
    init(_ status: JSONNode) {
        isOpen = status["gate"]?["open"]?.bool
        gateReason = status["gate"]?["reason"]?.string ?? ""
        problems = Self.problems(status)
        remote = status["remote_configuration"].flatMap(RemoteView.init)
        rows = status["targets"]?.elements?.map(Self.row) ?? []
        allCounters =
            status["counters"]?.members?.compactMap { member in
                member.value.integer.map { Counter(name: member.key, value: $0) }
            } ?? []
    }

    /// The lines to show, cut to a width when there is one.
    func lines(width: Int? = nil) -> [String] {
        var lines = [gateLine]
        lines += problems.map { "problem: \($0)" }
        lines += remote?.lines ?? []
        if !rows.isEmpty { lines += [""] + table.lines(width: width) }
        if !counters.isEmpty { lines += [""] + counterLines(width: width ?? 100) }
        return lines.map { Table.cut(Table.printable($0), to: width) }
    }

    /// What changed since an earlier view, a line for each target that did.
    func changes(since earlier: StatusView?) -> [String] {
        var before: [String: Row] = [:]
        for row in earlier?.rows ?? [] { before[row.target] = row }
        return rows.compactMap { row in
            let old = before[row.target]
            guard old?.state != row.state || old?.reason != row.reason || (old?.hits ?? 0 == 0) != (row.hits == 0)
            else {
                return nil
            }
            let reason = row.reason.isEmpty ? "" : ": \(row.reason)"
            let caller = row.firstCaller.isEmpty ? "" : ", first called from \(row.firstCaller)"
            return Table.printable("\(row.target) \(row.state)\(reason) (\(row.hits) hits\(caller))")
        }
    }

    /// `gate open`, or why not.
    private var gateLine: String {
        switch isOpen {
        case true: "gate open, \(rows.count) targets"
        case false: "gate closed: \(gateReason)"
        case nil: "gate unknown"
        }
    }

    private var table: Table {
        var table = Table(columns: [
            .init("TARGET"), .init("STATE"), .init("MODE"), .init("FUNCTIONS", isRight: true),
            .init("HITS", isRight: true), .init("FIRST CALLER OR REASON"),
        ])
        table.rows = rows.map { row in
            let leftOut = row.leftOut == 0 ? "" : "\(row.leftOut) left out"
            let last = [row.reason, leftOut, row.firstCaller].filter { !$0.isEmpty }.joined(separator: "; ")
            return [row.target, row.state, row.mode, "\(row.entryPoints)", "\(row.hits)", last]
        }
        return table
    }

    /// `installed 3, hits 12`, as many on a line as fit.
    private func counterLines(width: Int) -> [String] {
        var lines: [String] = []
        for (index, counter) in counters.enumerated() {
            let text = "\(counter.name) \(counter.value)" + (index == counters.count - 1 ? "" : ",")
            if let last = lines.last, last.count + 1 + text.count <= width {
                lines[lines.count - 1] += " " + text
            } else {
                lines.append(text)
            }
        }
        return lines
    }

    /// What went wrong in the agent.
    private static func problems(_ status: JSONNode) -> [String] {
        var problems = [status["error"]?.string, status["agent"]?["problem"]?.string].compactMap { $0 }
        problems += status["agent"]?["configuration_problems"]?.elements?.compactMap(\.string) ?? []
        for configuration in status["configurations"]?.elements.map(Array.init) ?? [] {
            let path = configuration["path"]?.string ?? "?"
            problems += configuration["errors"]?.elements?.map { "\(path)\(position(of: $0))" } ?? []
        }
        return problems
    }

    /// `:3:14: a target must be text`.
    private static func position(of error: JSONNode) -> String {
        let position = error["line"]?.integer.map { ":\($0):\(error["column"]?.integer ?? 1)" } ?? ""
        return "\(position): \(error["message"]?.string ?? "unknown")"
    }

    /// One target.
    private static func row(_ target: JSONNode) -> Row {
        let points = target["entry_points"]?.elements.map(Array.init) ?? []
        let caller = points.lazy.compactMap { $0["first_caller"] }.first { !$0.isNull }
        return Row(
            target: target["target"]?.string ?? "?", state: target["state"]?.string ?? "unknown",
            reason: target["reason"]?.string ?? "", mode: mode(of: target), entryPoints: points.count,
            hits: points.reduce(0) { $0 &+ ($1["hits"]?.integer ?? 0) },
            leftOut: target["left_out"]?.integer ?? 0, firstCaller: caller.map(place) ?? "")
    }

    /// `entry`, or `entry 1/10 100/s`.
    private static func mode(of target: JSONNode) -> String {
        var words = [target["mode"]?.string ?? "-"]
        if let every = target["sample_every"]?.integer, every > 1 { words.append("1/\(every)") }
        if let most = target["max_per_second"]?.integer, most > 0 { words.append("\(most)/s") }
        return words.joined(separator: " ")
    }

    /// `main at server.c:12`, or `libfoo.so:parse+0x12`.
    private static func place(_ caller: JSONNode) -> String {
        let symbol = caller["symbol"]?.string ?? ""
        if let file = caller["file"]?.string, !file.isEmpty {
            return "\(symbol) at \(name(of: file)):\(caller["line"]?.integer ?? 0)"
        }
        let offset = "+0x" + String(caller["offset"]?.integer ?? 0, radix: 16)
        return "\(name(of: caller["image"]?.string ?? "?")):\(symbol)\(offset)"
    }

    /// The last part of a path.
    private static func name(of path: String) -> Substring { path.split(separator: "/").last ?? "?" }
}
