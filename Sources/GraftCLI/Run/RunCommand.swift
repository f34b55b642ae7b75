// RunCommand.swift: `graft run`: starts a program with the agent preloaded.
//
// Owns the order of things: everything that can be refused is refused before anything is written or started; the
// report exists before the program does; then this process becomes the program, so that exit code, signals, terminal
// and process number are the program's. With --live it stays in between, as a supervisor that changes nothing.
// Neighbours: the other files of this folder.

internal import Glibc
import GraftAgent
import GraftSCA

/// The command `run`.
enum RunCommand {
    /// What it accepts.
    static let spec = CommandSpec(
        name: "run",
        summary: "Starts a program with the agent preloaded.",
        usage: ["run [--config PATH] [--agent URL] [--report FILE] [--sca] [--live] -- PROGRAM ARG…"],
        options: [
            OptionSpec(
                "--config", value: "PATH",
                help: "Follows the payload in this file, or the payloads in this folder, while the program runs."),
            OptionSpec(
                "--agent", value: "URL",
                help: "Takes configuration from the Datadog agent at http://HOST:PORT or unix:///PATH, too."),
            OptionSpec("--report", value: "FILE", help: "Writes a JSON report there, the last time at exit."),
            OptionSpec(
                "--sca",
                help: "Opens the gate: sets \(Gate.Variable.allCases.map(\.rawValue).joined(separator: ", ")) to 1."),
            OptionSpec("--live", help: "Shows on standard error what is instrumented and hit while the program runs."),
        ],
        operands: .program,
        notes: """
            The tool becomes the program: process number, terminal, signals and exit code
            are the program's. With --live it stays in between, passes signals on, stops
            and continues with the program and ends as it does, signal included.

            The report is replaced while the program runs, with "final": false, and once
            more at its exit; a program that a signal ends leaves the last one. The
            program's children are instrumented too and write FILE.PID.

            Refused: setuid, setgid, static, 32-bit, foreign and musl programs and
            programs with file capabilities, also as a script's interpreter, because the
            dynamic linker does not preload into them; and a configuration that other
            users may write.

            Environment: GRAFT_SOCKET_DIR (folder of control sockets), GRAFT_LOG=debug or
            debug:PATH, GRAFT_START_WAIT_MS and GRAFT_EXIT_WAIT_MS (how long main and exit
            wait for the first configuration and the report, 2000; main waits for a
            Datadog agent only when GRAFT_START_WAIT_MS is set).

            Without --agent, the Datadog agent is the one that DD_TRACE_AGENT_URL, or
            DD_AGENT_HOST and DD_TRACE_AGENT_PORT, name; without --config also
            /var/run/datadog/apm.socket or localhost:8126. DD_REMOTE_CONFIGURATION_ENABLED
            switches this on and off, DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS (5) and
            DD_TRACE_AGENT_TIMEOUT_SECONDS (5) say how often and how long it is asked, and
            DD_SERVICE, DD_ENV, DD_VERSION and DD_TAGS who asks.

            Exit codes before the program has started: 1 something failed; 2 refused; 64
            the command line makes no sense; 126 not executable; 127 not found.
            """)

    /// Carries it out. Returns only when the program could not be started, or with --live when it has returned.
    static func run(_ arguments: Arguments, environment: [String], errors: Output) throws(Refusal) -> Never {
        let word = arguments.program[0]
        let searchPath = LaunchEnvironment.value(of: "PATH", in: environment)
        let program = try ProgramSearch.find(word, path: searchPath)
        try ProgramCheck(searchPath: searchPath).check(program)
        var launch = LaunchEnvironment(
            preload: try PreloadLibrary.find(toolFolder: PreloadLibrary.toolFolder) { name in
                LaunchEnvironment.value(of: name, in: environment)
            }, program: getpid())
        launch.opensGate = arguments.has("--sca")
        if let path = arguments.options["--config"] {
            launch.configuration = try ConfigurationCheck.check(path, errors: errors)
        }
        launch.datadogAgent = try arguments.options["--agent"].map(AgentCheck.check)
        launch.report = arguments.options["--report"].map(absolute)
        errors.flush()
        if arguments.has("--live") { try live(errors: errors) }

        let applied = launch.applied(to: environment)
        let gate = Gate(environment: LaunchEnvironment.dictionary(applied))
        try FirstReport.write(to: launch.report, gate: gate, program: program)
        throw Launch.become(program, arguments: arguments.program, environment: applied)
    }

    /// Starts this command again without --live as a child, which becomes the program, and stays with it.
    private static func live(errors: Output) throws(Refusal) -> Never {
        let end = CommandLine.arguments.firstIndex(of: "--") ?? CommandLine.arguments.count
        let own = CommandLine.arguments[..<end].filter { $0 != "--live" }
        let supervisor = Supervisor()
        let child = try Launch.spawn(
            "/proc/self/exe", arguments: own + CommandLine.arguments[end...], environment: currentEnvironment(),
            mask: supervisor.originalMask)
        let view = LiveView(process: child, output: errors)
        let result = supervisor.wait(
            for: child, interval: LiveView.interval, idle: { view.look() }, resume: { view.restart() })
        if let problem = view.problem {
            errors.line("graft: nothing was shown: \(problem)")
            errors.flush()
        }
        supervisor.end(like: result)
    }

    /// The environment of this process, as `NAME=VALUE`.
    static func currentEnvironment() -> [String] {
        var entries: [String] = []
        var next = environ
        while let entry = next.pointee {
            entries.append(String(cString: entry))
            next += 1
        }
        return entries
    }

    /// A path that means the same file after the program has changed its folder.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return "\(String(cString: folder))/\(path)"
    }
}
