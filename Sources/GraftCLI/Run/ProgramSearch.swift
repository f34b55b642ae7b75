// ProgramSearch.swift: from the word that a user typed to the file that would run.
//
// Owns the search along PATH, as execvp does it: a word with a slash is a path; otherwise the first executable file
// wins, and one that may not be executed is remembered only for the message. Neighbour: ProgramCheck.swift.

internal import Glibc

/// Finds programs.
enum ProgramSearch {
    /// Where execvp looks when PATH is not set.
    static let defaultPath = "/bin:/usr/bin"

    /// The path of the program that `word` names.
    static func find(_ word: String, path: String?) throws(Refusal) -> String {
        if word.utf8.contains(UInt8(ascii: "/")) {
            try check(word)
            return word
        }
        var denied: Refusal?
        let folders = (path ?? defaultPath).split(separator: ":", omittingEmptySubsequences: false)
        for folder in folders {
            let candidate = folder.isEmpty ? "./\(word)" : "\(folder)/\(word)"
            do throws(Refusal) {
                try check(candidate)
                return candidate
            } catch {
                if error.exitCode == ExitCode.notExecutable { denied = denied ?? error }
            }
        }
        throw denied ?? Refusal("command not found", place: word, exitCode: ExitCode.notFound)
    }

    /// Checks that a path is a file that this process may execute.
    static func check(_ path: String) throws(Refusal) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let isMissing = errno == ENOENT || errno == ENOTDIR
            throw Refusal(
                String(cString: strerror(errno)), place: path,
                exitCode: isMissing ? ExitCode.notFound : ExitCode.notExecutable)
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw Refusal("is a directory", place: path, exitCode: ExitCode.notExecutable)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Refusal("is not a regular file", place: path, exitCode: ExitCode.notExecutable)
        }
        guard access(path, X_OK) == 0 else {
            throw Refusal(String(cString: strerror(errno)), place: path, exitCode: ExitCode.notExecutable)
        }
    }
}
