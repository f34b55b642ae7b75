// ProcessControl.swift: asks an instrumented process for its status, or tells why there is nobody to ask.
//
// Owns the search for the socket and the diagnosis when there is none: no stub, a closed gate, another user. Neighbours:
// ControlClient.swift talks, ProcessFacts.swift reads /proc, StatusCommand.swift and LiveView.swift show.

internal import Glibc
import GraftAgent
import GraftConfig
import GraftSCA

/// The way to one process's agent.
final class ProcessControl {
    private let facts: ProcessFacts
    private var client: ControlClient?

    /// The way to this process, if it is one that this user may ask.
    init(process: pid_t) throws(Refusal) {
        facts = try ProcessFacts(process: process)
        guard facts.user == geteuid() || geteuid() == 0 else {
            throw Refusal(
                "belongs to user \(facts.user): only that user and root may ask it", place: "process \(process)")
        }
    }

    /// Whether the process still runs.
    var isAlive: Bool { facts.isAlive }

    /// The status, as the agent gives it. For a process whose gate is closed, a status that says so.
    func status(patience: Int = ControlClient.patience) throws(Refusal) -> JSONNode {
        if client == nil { client = try connect() }
        guard let client else { return try diagnose() }
        do throws(AgentError) {
            return try AgentAnswer.status(line: client.request(AgentRequest.status.line, patience: patience))
        } catch {
            self.client = nil
            throw Refusal(error)
        }
    }

    /// Connects to the first place where somebody listens; nil when there is none.
    private func connect() throws(Refusal) -> ControlClient? {
        let environment = facts.environment ?? []
        let places = SocketPlace.candidates(user: facts.user) { name in
            LaunchEnvironment.value(of: name, in: environment)
        }
        var problem: AgentError?
        for place in places {
            do throws(AgentError) {
                return try ControlClient(place: place, process: facts.process, user: facts.user)
            } catch {
                if error.code == .untrusted { problem = problem ?? error }
            }
        }
        if let problem { throw Refusal(problem) }
        return nil
    }

    /// Why nobody listens: a status for a closed gate, an error for the rest.
    private func diagnose() throws(Refusal) -> JSONNode {
        let place = "process \(facts.process)"
        guard facts.isAlive else { throw Refusal("has ended", place: place, exitCode: ExitCode.failure) }
        guard let files = facts.executableFiles, let environment = facts.environment else {
            throw Refusal("may not be looked into", place: place)
        }
        guard files.contains(where: { $0.path.hasSuffix("/\(PreloadLibrary.file)") }) else {
            throw Refusal(
                "is not instrumented: \(PreloadLibrary.file) is not loaded in it (start it with graft run)",
                place: place, exitCode: ExitCode.failure)
        }
        let gate = Gate(environment: LaunchEnvironment.dictionary(environment))
        guard gate.isOpen else { return try closed(gate) }
        guard files.contains(where: { $0.path.hasSuffix("/\(PreloadLibrary.agentFile)") }) else {
            throw Refusal(
                "its agent could not be loaded; its standard error says why", place: place, exitCode: ExitCode.failure)
        }
        throw Refusal("its agent does not listen (yet)", place: place, exitCode: ExitCode.failure)
    }

    /// The status of a process whose gate is closed, in the form that an agent's would have.
    private func closed(_ gate: Gate) throws(Refusal) -> JSONNode {
        let report = AgentReport(
            report: Report(gate: gate), process: facts.process, program: facts.executable, isFinal: false)
        do throws(ConfigError) {
            return try JSONDocument.parse(JSONWriter.bytes(report.json)).root
        } catch {
            throw Refusal(error.description, place: "", exitCode: ExitCode.failure)
        }
    }
}
