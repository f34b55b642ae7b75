// Refusal.swift: why the tool does not do what was asked, and the exit code that says so.
//
// Owns the exit codes. They are documented in the help of each command and never change their meaning.

import GraftAgent

/// The tool's own exit codes. `run` ends with the program's code once the program has started.
enum ExitCode {
    /// Done.
    static let success: Int32 = 0
    /// Something failed: a file, the system, the other process.
    static let failure: Int32 = 1
    /// Refused, with the reason: what was asked cannot work or must not be done.
    static let refused: Int32 = 2
    /// The command line makes no sense (EX_USAGE).
    static let usage: Int32 = 64
    /// The program is not executable, as shells say it.
    static let notExecutable: Int32 = 126
    /// The program does not exist, as shells say it.
    static let notFound: Int32 = 127
}

/// Something that is not done, with its reason.
struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The reason, without a final full stop.
    var reason: String
    /// The program, file or process that it is about.
    var place: String
    /// What the tool ends with.
    var exitCode: Int32

    /// A refusal with these parts.
    init(_ reason: String, place: String, exitCode: Int32 = ExitCode.refused) {
        self.reason = reason
        self.place = place
        self.exitCode = exitCode
    }

    /// An error of the agent's module: what cannot be trusted is a refusal, the rest a failure.
    init(_ error: AgentError) {
        self.init(
            error.message, place: error.place,
            exitCode: error.code == .untrusted ? ExitCode.refused : ExitCode.failure)
    }

    /// `/usr/bin/su: is setuid: …`.
    var description: String { place.isEmpty ? reason : "\(place): \(reason)" }
}
