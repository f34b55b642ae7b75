// ExplainCommand.swift: `graft explain`: what could be instrumented, and why the rest could not.
//
// Owns the choice of the files and the walk over them. It changes nothing and needs no agent. Neighbours:
// ExplainPrinter.swift, ProcessFacts.swift.

internal import Glibc
import Graft

/// The command `explain`.
enum ExplainCommand {
    /// What it accepts.
    static let spec = CommandSpec(
        name: "explain",
        summary: "Tells for each function of a file or a process whether it can be instrumented.",
        usage: ["explain PATH|PID [PATTERN] [--json]"],
        options: [OptionSpec("--json", help: "Prints JSON: files with their functions, and a summary.")],
        operands: .words(1...2),
        notes: """
            PATH is an ELF program or library. PID stands for every file that the process
            has mapped with the right to execute; for a file that is named like a number,
            write ./NUMBER. PATTERN is a glob over symbols and demangled names: 'PQ*'.

            ENTRY is how the function's first bytes would be changed, or why they will not:
              jump     one instruction covers the jump
              punned   several do; each boundary between them traps
              trap     no jump fits; a probe that says so may take a trap, at
                       microseconds a call
            EXIT says whether its return can be observed.

            Exit codes: 0 done; 1 something could not be read; 64 the command line makes
            no sense.
            """)

    /// Carries it out and returns the exit code.
    static func run(_ arguments: Arguments, output: Output, errors: Output) throws(Refusal) -> Int32 {
        let files = try files(of: arguments.words[0])
        let pattern = arguments.words.count > 1 ? arguments.words[1] : nil
        let printer = ExplainPrinter(output: output, isJSON: arguments.has("--json"))
        let progress = ProgressLine(output: errors)
        var failures = 0
        for file in files {
            printer.begin(file: file.shown)
            let failure = file.problem ?? walk(file, pattern: pattern, printer: printer, progress: progress)
            printer.end(failure: failure)
            if let failure {
                failures += 1
                errors.line("graft: \(file.shown): \(failure)")
            }
        }
        printer.finish()
        errors.flush()
        return failures == 0 ? ExitCode.success : ExitCode.failure
    }

    /// A file to explain.
    private struct File {
        /// How it is called in the output.
        var shown: String
        /// Where it is read.
        var path: String
        /// Why it cannot be explained; nil when it may be tried.
        var problem: String?
    }

    /// The files that a word stands for.
    private static func files(of word: String) throws(Refusal) -> [File] {
        guard let process = pid_t(word), process > 0 else {
            guard access(word, R_OK) == 0 else {
                throw Refusal(String(cString: strerror(errno)), place: word, exitCode: ExitCode.failure)
            }
            return [File(shown: word, path: word)]
        }
        let facts = try ProcessFacts(process: process)
        guard let mapped = facts.executableFiles else {
            throw Refusal(
                "belongs to user \(facts.user), whose processes you may not look into", place: "process \(process)")
        }
        guard !mapped.isEmpty else {
            throw Refusal("has no program", place: "process \(process)", exitCode: ExitCode.failure)
        }
        return mapped.map { file in
            let inProcess = "/proc/\(process)/root\(file.path)"
            let path = access(inProcess, R_OK) == 0 ? inProcess : file.path
            let problem = file.isDeleted ? "the file has been deleted or replaced since it was loaded" : nil
            return File(shown: file.path, path: path, problem: problem)
        }
    }

    /// Explains one file; returns why it stopped, nil when it did not.
    private static func walk(
        _ file: File, pattern: String?, printer: ExplainPrinter, progress: ProgressLine
    ) -> String? {
        defer { progress.clear() }
        do throws(GraftError) {
            try explain(path: file.path, pattern: pattern) { explanation, done in
                printer.add(explanation)
                progress.show("\(file.shown): \(done.done) of \(done.total) functions")
                return !printer.isClosed
            }
            return nil
        } catch {
            return error.message
        }
    }
}
