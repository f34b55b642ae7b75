// AgentReport.swift: the report and the status, as one JSON document.
//
// Owns what stands around the product's own report: which process, whether it is the last word, what the agent and its
// source have to complain of. Used by the agent while the program runs and by the tool before it has started.
// Neighbours: GraftSCA's ReportJSON.swift makes the middle, ReportFile.swift writes it.

package import GraftConfig
package import GraftSCA
internal import Glibc

/// A report with its frame.
package struct AgentReport: Sendable {
    /// The form of the document; it grows when a key changes its meaning.
    package static let version = 1

    /// The product's report.
    package var report: Report
    /// The process that it is about.
    package var process: Int32
    /// The path of the process's program; nil when it is not known.
    package var program: String?
    /// Whether the process has reached its exit: no later report will follow.
    package var isFinal: Bool
    /// Why there is no agent, or what it cannot do; nil when all is well.
    package var problem: String?
    /// What is wrong with the configuration's files.
    package var sourceProblems: [ConfigError]
    /// The link to a Datadog agent; nil when there is none.
    package var remote: RemoteReport?

    /// A report with these parts.
    package init(
        report: Report, process: Int32, program: String?, isFinal: Bool, problem: String? = nil,
        sourceProblems: [ConfigError] = [], remote: RemoteReport? = nil
    ) {
        self.report = report
        self.process = process
        self.program = program
        self.isFinal = isFinal
        self.problem = problem
        self.sourceProblems = sourceProblems
        self.remote = remote
    }

    /// The document.
    package var json: JSONValue {
        let frame: JSONValue = [
            "version": JSONValue(Self.version),
            "final": .bool(isFinal),
            "process": ["pid": JSONValue(process), "program": JSONValue(program)],
            "agent": [
                "problem": JSONValue(problem),
                "configuration_problems": .array(sourceProblems.map { .string($0.description) }),
            ],
            "remote_configuration": remote?.json ?? .null,
        ]
        return .object(JSONObject((frame.object?.members ?? []) + (report.json.object?.members ?? [])))
    }

    /// The document as the text of a file.
    package var text: [UInt8] { JSONWriter.bytes(json, style: .pretty) + [UInt8(ascii: "\n")] }

    /// The path of this process's program, asked for once: it stays until another program takes its place.
    package static let ownProgram: String? = {
        guard let path = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }()
}
