// GraftCommand.swift: the tool `graft`: which command, and how it ends.
//
// Owns the entry point, the help and the one line that an error is. Neighbours: the commands' files.

internal import Glibc
import Graft

/// The tool.
@main
enum GraftCommand {
    /// The tool's own help.
    static let spec = CommandSpec(
        name: "",
        summary: "Changes what running programs observe about themselves, while they run.",
        usage: [
            "run [OPTION]… -- PROGRAM ARG…   starts a program with the agent preloaded",
            "explain PATH|PID [PATTERN]      tells which functions can be instrumented, and why others cannot",
            "status PID                      shows what is instrumented and hit in a running program",
        ],
        options: [OptionSpec("--version", help: "Prints the version.")],
        operands: .words(0...0),
        notes: """
            "graft COMMAND --help" tells the rest. Example:

              echo '{"targets":["libc.so.6:getpid"]}' >payload.json
              graft run --sca --config payload.json --report report.json -- redis-server
            """)

    /// Runs the tool.
    static func main() {
        let output = Output(descriptor: STDOUT_FILENO)
        let errors = Output(descriptor: STDERR_FILENO)
        let code = run(Array(CommandLine.arguments.dropFirst()), output: output, errors: errors)
        output.flush()
        errors.flush()
        exit(code)
    }

    /// Carries out a command line and returns the exit code.
    static func run(_ words: [String], output: Output, errors: Output) -> Int32 {
        do {
            return try dispatch(words, output: output, errors: errors)
        } catch let error as UsageError {
            errors.line("graft: \(error)")
            return ExitCode.usage
        } catch let refusal as Refusal {
            errors.line("graft: \(refusal)")
            return refusal.exitCode
        } catch {
            errors.line("graft: \(error)")
            return ExitCode.failure
        }
    }

    /// Finds the command and carries it out.
    private static func dispatch(_ words: [String], output: Output, errors: Output) throws -> Int32 {
        let commands = [RunCommand.spec, ExplainCommand.spec, StatusCommand.spec]
        guard let command = commands.first(where: { $0.name == words.first }) else {
            return try own(words, output: output)
        }
        let arguments = try Arguments(Array(words.dropFirst()), for: command, first: 2)
        guard !arguments.has("--help") else {
            output.line(command.help)
            return ExitCode.success
        }
        switch command.name {
        case RunCommand.spec.name:
            try RunCommand.run(arguments, environment: RunCommand.currentEnvironment(), errors: errors)
        case ExplainCommand.spec.name: return try ExplainCommand.run(arguments, output: output, errors: errors)
        default: return try StatusCommand.run(arguments, output: output)
        }
    }

    /// The tool without a command: help, version, or an error.
    private static func own(_ words: [String], output: Output) throws -> Int32 {
        if let word = words.first, !word.hasPrefix("-") {
            throw UsageError(word == "help" ? "the help is --help" : "unknown command \"\(word)\"", place: 1)
        }
        let arguments = try Arguments(words, for: spec)
        if arguments.has("--version") {
            output.line("graft \(Instrumentation.version)")
        } else {
            output.line(spec.help)
        }
        return words.isEmpty ? ExitCode.usage : ExitCode.success
    }
}
