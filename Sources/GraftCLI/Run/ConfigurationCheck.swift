// ConfigurationCheck.swift: whether a configuration may be followed.
//
// Owns the check before the start: what decides which functions of a program are changed must not be writable by
// everyone. The source checks again each time it reads; this check is here so that a user reads the refusal. Neighbour:
// RunCommand.swift.

internal import Glibc

/// Checks the path of a configuration.
enum ConfigurationCheck {
    /// Checks a path and returns it in a form that means the same after a change of folder. A path that does not exist
    /// yet is allowed, with a note, if its folder exists.
    static func check(_ path: String, errors: Output) throws(Refusal) -> String {
        let absolute = RunCommand.absolute(path)
        var status = stat()
        guard stat(absolute, &status) == 0 else {
            guard errno == ENOENT else { throw failure(path) }
            try checkFolder(of: absolute)
            errors.line("graft: \(path): does not exist yet; the program starts and waits for it")
            return absolute
        }
        let type = status.st_mode & S_IFMT
        guard type == S_IFREG || type == S_IFDIR else {
            throw Refusal("is neither a file nor a folder", place: path)
        }
        guard status.st_mode & S_IWOTH == 0 else {
            throw Refusal("is writable by every user: a configuration decides what code is changed", place: path)
        }
        if type == S_IFREG { try checkFolder(of: absolute) }
        return absolute
    }

    /// Checks that not everyone may replace what lies in the folder of this path.
    private static func checkFolder(of path: String) throws(Refusal) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        var status = stat()
        guard stat(folder, &status) == 0 else { throw failure(folder) }
        guard status.st_mode & S_IWOTH == 0 || status.st_mode & S_ISVTX != 0 else {
            throw Refusal(
                "every user may replace files in it: a configuration decides what code is changed", place: folder)
        }
    }

    /// A failure in the words of `errno`.
    private static func failure(_ path: String) -> Refusal {
        Refusal(String(cString: strerror(errno)), place: path, exitCode: ExitCode.failure)
    }
}
