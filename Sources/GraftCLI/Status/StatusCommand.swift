// StatusCommand.swift: `graft status`: the live state of an instrumented process.
//
// Owns the command's loop. Neighbours: ProcessControl.swift asks, StatusView.swift shows, Screen.swift redraws.

internal import Glibc
import GraftConfig

/// The command `status`.
enum StatusCommand {
    /// What it accepts.
    static let spec = CommandSpec(
        name: "status",
        summary: "Shows what is instrumented in a process that graft run started, and what was hit.",
        usage: ["status PID [--json] [--watch]"],
        options: [
            OptionSpec("--json", help: "Prints the status as JSON, in the form of the report."),
            OptionSpec(
                "--watch", help: "Shows it again each second until the process ends. With --json: one line each."),
        ],
        operands: .words(1...1),
        notes: """
            The process is asked over a Unix socket that only its user and root can reach:
            PID.sock in $XDG_RUNTIME_DIR/graft or in /tmp/graft-UID, or in the folder that
            GRAFT_SOCKET_DIR named when it was started. For a process whose gate is closed,
            the status names the variables that are missing.

            Exit codes: 0 done; 1 the process is gone, is not instrumented or does not
            answer; 2 refused: it belongs to another user, or its socket does; 64 the
            command line makes no sense.
            """)

    /// Milliseconds between two looks.
    private static let interval: UInt32 = 1000

    /// Carries it out and returns the exit code.
    static func run(_ arguments: Arguments, output: Output) throws(Refusal) -> Int32 {
        guard let process = pid_t(arguments.words[0]), process > 0 else {
            throw Refusal("is not a process number", place: arguments.words[0], exitCode: ExitCode.usage)
        }
        let control = try ProcessControl(process: process)
        let isJSON = arguments.has("--json")
        guard arguments.has("--watch") else {
            try show(control.status(), isJSON: isJSON, output: output)
            return ExitCode.success
        }
        try watch(control, isJSON: isJSON, output: output)
        return ExitCode.success
    }

    /// Prints one status.
    private static func show(_ status: JSONNode, isJSON: Bool, output: Output) {
        if isJSON {
            output.line(JSONWriter.text(status.value, style: .pretty))
        } else {
            StatusView(status).lines(width: output.columns).forEach { output.line($0) }
        }
        output.flush()
    }

    /// Prints the status again and again until the process ends or nobody reads.
    private static func watch(_ control: ProcessControl, isJSON: Bool, output: Output) throws(Refusal) {
        let screen = Screen(output: output)
        var last: StatusView?
        while !output.isClosed {
            let status: JSONNode
            do throws(Refusal) {
                status = try control.status()
            } catch {
                // The first look decides whether there is anything to watch; later, the end is no failure.
                guard last != nil, !control.isAlive else { throw error }
                return
            }
            let view = StatusView(status)
            if isJSON {
                output.line(JSONWriter.text(status.value))
                output.flush()
            } else {
                screen.show(view, since: last)
            }
            last = view
            usleep(interval * 1000)
        }
    }
}
