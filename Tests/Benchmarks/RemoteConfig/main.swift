// bench_remote_config: what the client of Remote Configuration costs, one case for each run.
//
//   bench_remote_config CASE REPETITIONS [FILE]
//
// Prints a JSON object with the processor time of one repetition (the least of all), and its allocations when the counter is
// preloaded. The cases "idle" and "take" ask the agent that DD_TRACE_AGENT_URL names; the others have their answers in
// memory: "state" is a poll without HTTP, "judge" an answer's way to a payload, "sca" that payload's way to a list of
// targets. Neighbours: bench-remote-config is the agent and draws up the table.

import GraftConfig

do {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3, let repetitions = Int(arguments[2]) else {
        throw ConfigError(.payload, "bench_remote_config CASE REPETITIONS [FILE]")
    }
    let file = arguments.count > 3 ? try contents(of: arguments[3]) : []
    print(JSONWriter.text(try measure(arguments[1], repetitions, file).json))
} catch {
    print(JSONWriter.text(["failed": .string(String(describing: error))]))
}
