// PreloadLibrary.swift: finds the library to preload.
//
// Owns the places where it may lie and the rule that its path must survive LD_PRELOAD, where blanks and colons separate
// paths and `$` begins a word that the dynamic linker replaces. Neighbour: RunCommand.swift.

internal import Glibc

/// Finds libgraft-preload.so.
enum PreloadLibrary {
    /// Names the library when it lies elsewhere.
    static let variable = "GRAFT_PRELOAD_LIBRARY"
    /// Its file name.
    static let file = "libgraft-preload.so"
    /// The agent's file name; it lies beside.
    static let agentFile = "libgraft-agent.so"

    /// The path of the library, for a tool that lies in `folder`.
    static func find(toolFolder folder: String, environment: (String) -> String?) throws(Refusal) -> String {
        let given = environment(variable).flatMap { $0.isEmpty ? nil : $0 }
        let places = given.map { [$0] } ?? ["\(folder)/../lib/graft/\(file)", "\(folder)/\(file)"]
        guard let found = places.lazy.compactMap(absolute).first else {
            throw Refusal(
                "cannot be found (looked for \(places.joined(separator: ", "))); set \(variable) to its path",
                place: file, exitCode: ExitCode.failure)
        }
        guard !found.contains(where: { " :;$\t\n".contains($0) }) else {
            throw Refusal("its path has a blank, a colon or a $, which LD_PRELOAD cannot hold", place: found)
        }
        return found
    }

    /// The folder of this tool's executable.
    static var toolFolder: String {
        let path = absolute("/proc/self/exe") ?? "./graft"
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    /// The path without links; nil when there is no such file.
    static func absolute(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
