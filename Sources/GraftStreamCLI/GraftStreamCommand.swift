// GraftStreamCommand: the tool `graft-stream`: a core agent's configuration, live on a terminal.
//
// Owns the entry point, the exit codes, and the one line that an error is. The codes are documented in the help and never change
// their meaning. Neighbours: Request reads the command line, Watch carries it out.
#if ConfigStream

    internal import Glibc
    internal import Graft
    internal import GraftConfigStream

    /// The tool's exit codes.
    enum ExitCode {
        /// Done: also when a signal has ended it, or nobody reads its output any more.
        static let success: Int32 = 0
        /// The command line makes no sense (EX_USAGE).
        static let usage: Int32 = 64
        /// There was no configuration in time (EX_UNAVAILABLE).
        static let unavailable: Int32 = 69
    }

    /// The tool.
    @main
    enum GraftStreamCommand {
        /// Runs the tool.
        static func main() async {
            // A pipe that nobody reads is found by writing to it.
            signal(SIGPIPE, SIG_IGN)
            let output = Output(descriptor: STDOUT_FILENO)
            let errors = Output(descriptor: STDERR_FILENO)
            exit(await run(Array(CommandLine.arguments.dropFirst()), output: output, errors: errors))
        }

        /// Carries out a command line and returns the exit code.
        static func run(_ words: [String], output: Output, errors: Output) async -> Int32 {
            do {
                switch try Arguments(words).action {
                case .help: output.write([Help.text])
                case .version: output.write(["graft-stream \(Instrumentation.version)"])
                case .watch(let request): try await Watch(request, output: output, errors: errors).run()
                }
                return ExitCode.success
            } catch let error as UsageError {
                errors.write(["graft-stream: \(Printable.text("\(error)"))"])
                return ExitCode.usage
            } catch {
                errors.write(["graft-stream: \(Printable.text("\(error)"))"])
                return ExitCode.unavailable
            }
        }
    }

#endif
