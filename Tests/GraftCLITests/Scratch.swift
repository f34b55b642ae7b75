// Scratch.swift: a folder of a test's own, and programs compiled into it.

import Foundation
import Testing

/// A folder that goes away with the test.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "graft-cli-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file with a mode and returns its path.
    func file(_ name: String, _ text: String, mode: Int = 0o755) throws -> String {
        let file = "\(path)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try setMode(file, mode)
        return file
    }

    /// Compiles a C program and returns its path.
    func program(_ name: String, _ source: String = "int main(void) { return 0; }", flags: [String] = []) throws
        -> String
    {
        let text = try file("\(name).c", source, mode: 0o644)
        let result = try Command.run("/usr/bin/cc", ["-o", "\(path)/\(name)", text] + flags)
        #expect(result.code == 0, "\(result.errors)")
        return "\(path)/\(name)"
    }

    /// Copies a file and returns the copy's path.
    func copy(_ source: String, to name: String, mode: Int = 0o755) throws -> String {
        // By another process: a program that this one has open for writing while another test forks is busy in the
        // child, and cannot be run.
        let result = try Command.run("/bin/cp", [source, "\(path)/\(name)"])
        guard result.code == 0 else { throw CocoaError(.fileWriteUnknown) }
        try setMode("\(path)/\(name)", mode)
        return "\(path)/\(name)"
    }

    private func setMode(_ file: String, _ mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }
}
