// AgentSettings.swift: what the environment asks of the agent.
//
// Owns the variables' names, their defaults and their limits. A value that makes no sense is replaced by the default and
// reported as a complaint, never fatal: the host must not fail because of a variable of ours. The gate's three variables
// belong to GraftSCA. Neighbours: Agent.swift obeys these, the tool's `run` sets them.

internal import GraftSCA
package import GraftTelemetry
internal import Glibc

/// The agent's settings.
package struct AgentSettings: Hashable, Sendable {
    /// The file or folder of payloads to follow.
    package static let configurationVariable = "GRAFT_CONFIG"
    /// The file to write the report to at exit.
    package static let reportVariable = "GRAFT_REPORT"
    /// The folder of control sockets.
    package static let socketFolderVariable = "GRAFT_SOCKET_DIR"
    /// How long main may wait for the first configuration, in milliseconds. Main waits for a Datadog agent's only when this
    /// is set: it may take seconds.
    package static let startWaitVariable = "GRAFT_START_WAIT_MS"
    /// How long exit may wait for the report, in milliseconds.
    package static let exitWaitVariable = "GRAFT_EXIT_WAIT_MS"
    /// The process number of the program that `graft run` started. Its children inherit the variable; only the program
    /// itself writes the file that `GRAFT_REPORT` names.
    package static let programVariable = "GRAFT_PROGRAM_PID"
    /// `debug` or `debug:PATH`.
    package static let logVariable = "GRAFT_LOG"

    /// The default of either wait, and the longest that can be asked for.
    package static let waitDefault = 2_000
    package static let waitMaximum = 60_000

    /// What to follow; nil when nothing is to be instrumented yet.
    package var configuration: String?
    /// Where the report goes; nil when none is wanted.
    package var report: String?
    /// How long main waits for the first configuration, in milliseconds.
    package var startWait = waitDefault
    /// How long exit waits for the report, in milliseconds.
    package var exitWait = waitDefault
    /// The process number of the program that was started; nil when nobody said.
    package var program: Int32?
    /// Where the control socket may lie, most wanted first.
    package var socketPlaces: [SocketPlace]
    /// Where debug lines go; nil when they go nowhere.
    package var log: LogDestination?
    /// The link to a Datadog agent; nil when there is none.
    package var remote: RemoteSettings?
    /// What is sent to it beside the questions.
    package var telemetry: TelemetrySettings
    /// The variables of the gate, as they are set.
    package var gateVariables: [String: String] = [:]
    /// Whether main also waits for the Datadog agent's first answer: only when the wait was asked for.
    package var waitsForRemote = false
    /// What was wrong with the variables, a line each.
    package var complaints: [String] = []

    /// Where debug lines go.
    package enum LogDestination: Hashable, Sendable {
        /// To standard error.
        case standardError
        /// To the end of this file.
        case file(String)
    }

    /// The settings in an environment; `program` is the path of this process's program.
    package init(program path: String? = nil, environment: (String) -> String?) {
        telemetry = TelemetrySettings(environment: environment)
        func text(_ variable: String) -> String? { environment(variable).flatMap { $0.isEmpty ? nil : $0 } }
        socketPlaces = SocketPlace.candidates(user: geteuid(), environment: environment)
        configuration = text(Self.configurationVariable)
        report = text(Self.reportVariable)
        program = text(Self.programVariable).flatMap { Int32($0) }
        startWait = wait(Self.startWaitVariable, text(Self.startWaitVariable))
        exitWait = wait(Self.exitWaitVariable, text(Self.exitWaitVariable))
        log = Self.logDestination(text(Self.logVariable))
        remote = RemoteSettings(
            program: path?.split(separator: "/").last.map(String.init) ?? "", followsFile: configuration != nil,
            complaints: &complaints, environment: environment)
        if remote != nil { complaints += telemetry.complaints }
        for variable in Gate.Variable.allCases { gateVariables[variable.rawValue] = environment(variable.rawValue) }
        waitsForRemote = remote?.polls == true && text(Self.startWaitVariable) != nil
    }

    /// Whether the exit of the program waits for the agent: for its report, or for its last telemetry.
    package var waitsForExit: Bool { report != nil || (remote != nil && telemetry.isEnabled) }

    /// A number of milliseconds, or the default with a complaint.
    private mutating func wait(_ variable: String, _ text: String?) -> Int {
        guard let text else { return Self.waitDefault }
        if let value = Int(text), (0...Self.waitMaximum).contains(value) { return value }
        complaints.append("\(variable): \"\(text)\" is not a number from 0 to \(Self.waitMaximum)")
        return Self.waitDefault
    }

    /// The destination that `GRAFT_LOG` names. The core, which reads the variable as well, complains if it is wrong.
    private static func logDestination(_ text: String?) -> LogDestination? {
        guard let text else { return nil }
        if text == "debug" { return .standardError }
        return text.hasPrefix("debug:") && text.count > 6 ? .file(String(text.dropFirst(6))) : nil
    }

    /// The file that a process's report goes to: `report` itself for the program that was started, `report.PID` for its
    /// children, so that they never replace each other's.
    package func reportPath(process: Int32, isForked: Bool) -> String? {
        guard let report else { return nil }
        let isChild = isForked || (program != nil && program != process)
        return isChild ? "\(report).\(process)" : report
    }
}
