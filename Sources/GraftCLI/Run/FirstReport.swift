// FirstReport.swift: the report that exists before the program does.
//
// Owns what it says: with the gate closed it is the whole truth and stays; with the gate open it says that the agent has
// not started, until the agent replaces it. So a reader always finds a report, whatever becomes of the program.
// Neighbours: AgentReport.swift, RunCommand.swift.

internal import Glibc
import GraftAgent
import GraftSCA

/// Writes the first report.
enum FirstReport {
    /// Writes it; does nothing without a path. A place that cannot be written is an error now, not at exit.
    static func write(to path: String?, gate: Gate, program: String) throws(Refusal) {
        guard let path else { return }
        let report = AgentReport(
            report: Report(gate: gate), process: getpid(), program: PreloadLibrary.absolute(program),
            isFinal: !gate.isOpen, problem: gate.isOpen ? "the agent has not started" : nil)
        do throws(AgentError) {
            try ReportFile.write(report.text, to: path)
        } catch {
            throw Refusal(error)
        }
    }
}
