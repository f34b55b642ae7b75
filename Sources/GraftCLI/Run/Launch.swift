// Launch.swift: becomes the program, or starts it beside this process.
//
// Owns the two system calls and their C arrays. Becoming the program makes its exit code, its signals, its terminal and
// its process number exact by construction: nothing of this tool remains. A program that is started beside gets the
// signal mask that this process had before `Supervisor` changed it. Neighbour: Supervisor.swift.

internal import Glibc

/// Starts programs.
enum Launch {
    /// Replaces this process by the program. Returns only when that fails.
    static func become(_ path: String, arguments: [String], environment: [String]) -> Refusal {
        withCStrings(arguments) { arguments in
            withCStrings(environment) { environment in
                _ = execve(path, arguments, environment)
            }
        }
        return failure(errno, path: path)
    }

    /// Starts the program as a child, with this signal mask, and returns its process number.
    static func spawn(
        _ path: String, arguments: [String], environment: [String], mask: sigset_t
    ) throws(Refusal) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var mask = mask
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var process: pid_t = 0
        let result = withCStrings(arguments) { arguments in
            withCStrings(environment) { environment in
                posix_spawn(&process, path, nil, &attributes, arguments, environment)
            }
        }
        guard result == 0 else { throw failure(result, path: path) }
        return process
    }

    /// What a failed start is called: not found and not executable have the codes that shells give them.
    private static func failure(_ number: Int32, path: String) -> Refusal {
        let code = number == ENOENT ? ExitCode.notFound : ExitCode.notExecutable
        return Refusal(String(cString: strerror(number)), place: path, exitCode: code)
    }

    /// Calls `body` with a C array of C strings.
    private static func withCStrings<Answer>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Answer
    ) -> Answer {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies + [nil])
    }
}
