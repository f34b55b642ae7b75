// StreamSoak: a consumer that checks what it is told, for Tests/ConfigStream/test-restarts.
//
//   StreamSoak ADDRESS FOLDER
//
// Standard input has commands, a word each, answered with a line of JSON: `status` (counts, what was found wrong, memory, threads,
// descriptors) and `settings` (what the reader shows, and what the changes have led to). Ends when standard input does.
// Neighbour: Client.
#if ConfigStream

    import Glibc
    import GraftConfigStream

    guard CommandLine.arguments.count == 3 else { fatalError("usage: StreamSoak ADDRESS FOLDER") }
    signal(SIGPIPE, SIG_IGN)
    let client = try Client(address: CommandLine.arguments[1], folder: CommandLine.arguments[2])
    // This thread is none of those of tasks, which reading would hold up.
    while let command = readLine() {
        switch command {
        case "status": print(client.status.json)
        case "settings": print(client.settings.json)
        default: fatalError("no command is called \(command)")
        }
        fflush(nil)
    }

#endif
