// What the config stream costs: run by bench-config-stream, which has a core agent ready.
//
//   bench_config_stream reads                              readers and their peers, with a writer running
//   bench_config_stream first FOLDER ADDRESS KEYS RUNS     to the first snapshot, and what it keeps in memory
//   bench_config_stream latency FOLDER ADDRESS COUNT       from the core agent's change to the reader and the subscriber
//   bench_config_stream rate FOLDER ADDRESS COUNT          updates in a row
//
// Prints one line of JSON, with "ready" lines before it where the core agent is to begin.

#if ConfigStream

    import Glibc
    import GraftConfigStream

    let arguments = CommandLine.arguments.dropFirst()
    do {
        switch (arguments.first, arguments.count) {
        case ("reads", 1): try await measureReads()
        case ("first", 5): try await measureFirst(Array(arguments.dropFirst()))
        case ("latency", 4): try await measureLatency(Array(arguments.dropFirst()))
        case ("rate", 4): try await measureRate(Array(arguments.dropFirst()))
        default: throw StreamError(.setting, "run bench-config-stream, which knows the arguments")
        }
    } catch {
        print("{\"error\": \(StreamValue.string("\(error)").json)}")
        exit(1)
    }

#else

    print("{\"error\": \"built without the trait ConfigStream\"}")

#endif
