// ExplainSummary.swift: the totals of an explanation.

import Graft
import GraftConfig

/// How many functions there are and what could be done with them.
struct ExplainSummary: Hashable, Sendable {
    /// Functions that were looked at.
    var functions = 0
    /// Functions that can be instrumented.
    var instrumentable = 0
    /// Of these, functions whose return cannot be seen.
    var withoutExit = 0
    /// Of those that are refused, functions that a trap fits.
    var trapOnly = 0
    /// Functions that are refused, by reason.
    var refused: [String: Int] = [:]

    /// Counts one function.
    mutating func add(_ explanation: Explanation) {
        functions += 1
        if explanation.tactic == .refused || explanation.tactic == .trap {
            trapOnly += explanation.tactic == .trap ? 1 : 0
            refused[explanation.reason?.rawValue ?? "unknown", default: 0] += 1
        } else {
            instrumentable += 1
            if explanation.exitReason != nil { withoutExit += 1 }
        }
    }

    /// Adds the totals of another file.
    mutating func add(_ other: ExplainSummary) {
        functions += other.functions
        instrumentable += other.instrumentable
        withoutExit += other.withoutExit
        trapOnly += other.trapOnly
        refused.merge(other.refused, uniquingKeysWith: +)
    }

    /// The reasons, the most frequent first.
    var reasons: [(reason: String, count: Int)] {
        refused.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// The totals for machines.
    var json: JSONValue {
        [
            "functions": JSONValue(functions), "instrumentable": JSONValue(instrumentable),
            "no_exit": JSONValue(withoutExit), "trap_only": JSONValue(trapOnly),
            "refused": .object(JSONObject(reasons.map { JSONMember(key: $0.reason, value: JSONValue($0.count)) })),
        ]
    }

    /// The totals for people.
    var lines: [String] {
        var lines = ["functions       \(functions)", "instrumentable  \(instrumentable)\(share)"]
        if withoutExit > 0 { lines.append("  entry only    \(withoutExit)  (their return cannot be observed)") }
        let total = refused.values.reduce(0, +)
        lines.append("refused         \(total)")
        if trapOnly > 0 { lines.append("  trap only     \(trapOnly)  (for probes that allow it)") }
        lines += reasons.map { reason in
            let name = reason.reason + String(repeating: " ", count: max(0, 20 - reason.reason.count))
            return "  \(name)  \(reason.count)"
        }
        return lines
    }

    /// The instrumentable functions in per cent, with one decimal.
    private var share: String {
        guard functions > 0 else { return "" }
        let tenths = instrumentable * 1000 / functions
        return "  (\(tenths / 10).\(tenths % 10) %)"
    }
}
