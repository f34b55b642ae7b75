// ExplainPrinter.swift: how explanations look, as a table or as JSON.
//
// Owns both forms. Functions are printed as they come: a file may have a million. Neighbours: ExplainCommand.swift
// walks, ExplainSummary.swift counts.

import Graft
import GraftConfig

/// Prints explanations.
final class ExplainPrinter {
    private let output: Output
    private let isJSON: Bool
    private var summary = ExplainSummary()
    private var total = ExplainSummary()
    private var files = 0
    private var current = ""

    /// Prints to this output.
    init(output: Output, isJSON: Bool) {
        self.output = output
        self.isJSON = isJSON
        if isJSON { output.write("{\"files\":[") }
    }

    /// Whether nobody reads any more.
    var isClosed: Bool { output.isClosed }

    /// A file's functions follow.
    func begin(file: String) {
        current = file
        summary = ExplainSummary()
        if isJSON {
            output.write((files == 0 ? "\n" : ",\n") + "{\"path\":\(Self.text(.string(file))),\"functions\":[")
        } else {
            if files > 0 { output.line("") }
            output.line(Table.printable(file))
        }
        files += 1
    }

    /// One function.
    func add(_ explanation: Explanation) {
        if isJSON {
            output.write((summary.functions == 0 ? "\n" : ",\n") + Self.text(Self.json(explanation)))
        } else {
            if summary.functions == 0 { output.line(Self.row("OFFSET", "SIZE", "ENTRY", "EXIT", "FUNCTION")) }
            output.line(Self.row(explanation))
        }
        summary.add(explanation)
    }

    /// The file's functions are complete, or end here with a failure.
    func end(failure: String? = nil) {
        total.add(summary)
        if isJSON {
            let error = failure.map { ",\"error\":" + Self.text(.string($0)) } ?? ""
            output.write("\n],\"summary\":\(Self.text(summary.json))\(error)}")
        } else {
            if summary.functions > 0 { output.line("") }
            if let failure { return output.line("  not explained: \(failure)") }
            if summary.functions == 0 { return output.line("  no function matches") }
            summary.lines.forEach { output.line($0) }
        }
    }

    /// Everything is printed.
    func finish() {
        if isJSON {
            output.write("\n],\"summary\":\(Self.text(total.json))}\n")
        } else if files > 1 {
            output.line("\nTotal of \(files) files")
            total.lines.forEach { output.line($0) }
        }
        output.flush()
    }

    /// One function for machines.
    static func json(_ explanation: Explanation) -> JSONValue {
        let entry = explanation.entry
        let isInstrumentable = explanation.tactic != .refused && explanation.tactic != .trap
        var value: JSONObject = JSONObject([
            JSONMember(key: "symbol", value: .string(entry.symbol)),
            JSONMember(key: "name", value: .string(entry.name)),
            JSONMember(key: "offset", value: JSONValue(entry.offset)),
            JSONMember(key: "size", value: JSONValue(entry.size)),
            JSONMember(key: "build_id", value: .string(entry.buildID)),
            JSONMember(key: "aliases", value: JSONValue(entry.aliases)),
            JSONMember(key: "instrumentable", value: .bool(isInstrumentable)),
            JSONMember(key: "tactic", value: .string(explanation.tactic.rawValue)),
            JSONMember(key: "reason", value: JSONValue(explanation.reason?.rawValue)),
            JSONMember(key: "exit_reason", value: JSONValue(explanation.exitReason?.rawValue)),
            JSONMember(key: "patch_size", value: JSONValue(explanation.patchSize)),
        ])
        if explanation.reason != nil { value["reason_offset"] = JSONValue(explanation.reasonOffset) }
        return .object(value)
    }

    /// One function for people: the tactic, or the reason and its place.
    static func row(_ explanation: Explanation) -> String {
        let entry = explanation.entry
        let name = entry.name.isEmpty ? "(no symbol)" : entry.name
        let aliases = entry.aliases > 0 ? "  (+\(entry.aliases) names)" : ""
        let reason = explanation.reason.map { code in
            explanation.reasonOffset == entry.offset ? code.rawValue : "\(code) at \(hex(explanation.reasonOffset))"
        }
        let tactic = explanation.tactic.rawValue
        let entryColumn = explanation.tactic == .trap ? "\(tactic), \(reason ?? "")" : reason ?? tactic
        let exit = explanation.tactic == .refused ? "-" : explanation.exitReason == nil ? "yes" : "no"
        return row(
            hex(entry.offset), "\(entry.size)", entryColumn, exit,
            Table.printable(name) + aliases)
    }

    /// Fixed widths: the rows are printed before all of them are known.
    private static func row(_ offset: String, _ size: String, _ entry: String, _ exit: String, _ name: String) -> String
    {
        let columns = [pad(offset, -10), pad(size, -7), pad(entry, 18), pad(exit, 4), name]
        return "  " + columns.joined(separator: "  ")
    }

    /// A text with blanks after it, or before it when `width` is negative.
    private static func pad(_ text: String, _ width: Int) -> String {
        let blanks = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? blanks + text : text + blanks
    }

    /// A number as addresses are written.
    private static func hex(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }

    /// Compact JSON.
    private static func text(_ value: JSONValue) -> String { JSONWriter.text(value) }
}
