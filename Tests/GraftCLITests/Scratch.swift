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
        try FileManager.default.copyItem(atPath: source, toPath: "\(path)/\(name)")
        try setMode("\(path)/\(name)", mode)
        return "\(path)/\(name)"
    }

    private func setMode(_ file: String, _ mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }
}

/// Runs a program to its end.
enum Command {
    /// What became of it.
    struct Result {
        var code: Int32
        var signal: Int32
        var output: String
        var errors: String
    }

    /// Runs a program with an environment (the test's own when nil) and waits for it.
    static func run(_ path: String, _ arguments: [String], environment: [String: String]? = nil) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        if let environment { process.environment = environment }
        let output = Pipe(), errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // Short outputs: both fit their pipes.
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let problems = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let isSignal = process.terminationReason == .uncaughtSignal
        return Result(
            code: isSignal ? -1 : process.terminationStatus, signal: isSignal ? process.terminationStatus : 0,
            output: text, errors: problems)
    }
}
