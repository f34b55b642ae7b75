// Programs.swift: starts programs, alone or under `graft run`, and ends them.
//
// Owns the child processes: none outlives the driver. Neighbour: Story.swift.

import Foundation

/// What stops the demonstration.
struct DemoError: Error, CustomStringConvertible {
    /// Why, in a sentence.
    let description: String
}

/// A program that runs beside the driver.
final class Program {
    /// The running process.
    private let process = Process()
    /// Its standard input; closing it is how the shop is told to end.
    private let input = Pipe()

    /// Its process number.
    var pid: Int32 { process.processIdentifier }
    /// Whether it still runs.
    var isRunning: Bool { process.isRunning }

    /// Starts a program; what it prints goes to the file `log`.
    init(_ path: String, _ arguments: [String], log: String) throws {
        guard FileManager.default.createFile(atPath: log, contents: nil) else {
            throw DemoError(description: "\(log) cannot be written")
        }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = input
        let output = FileHandle(forWritingAtPath: log)
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    /// Writes a line to its standard input.
    func tell(_ line: String) { input.fileHandleForWriting.write(Data((line + "\n").utf8)) }

    /// Closes its standard input, sends it `signal` if there is one, and waits for its end; kills it after ten seconds.
    func end(signal: Int32? = nil) {
        try? input.fileHandleForWriting.close()
        if let signal, process.isRunning { kill(pid, signal) }
        let deadline = Date(timeIntervalSinceNow: 10)
        while process.isRunning, Date() < deadline { usleep(20_000) }
        if process.isRunning { kill(pid, SIGKILL) }
        process.waitUntilExit()
    }

    /// Its exit code, once it has ended; nil when a signal ended it.
    var exitCode: Int32? { process.terminationReason == .exit ? process.terminationStatus : nil }
}

/// Runs a command to its end and returns what it printed.
@discardableResult
func output(of path: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    guard process.terminationStatus == 0 else {
        throw DemoError(description: "\(path) \(arguments.joined(separator: " ")): \(text)")
    }
    return text
}
