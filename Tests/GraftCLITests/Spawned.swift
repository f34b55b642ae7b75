// Spawned.swift: programs that tests start: with no signal blocked, whatever thread starts them.
//
// Owns the starting, the reading of what they print and the waiting. Foundation's Process hands its thread's signal mask
// on, and test threads block what these programs shall die of.

import Foundation
import Testing

@testable import GraftCLI

/// A program that was started.
final class Spawned {
    /// Its process number.
    let number: pid_t
    private let output: FileHandle
    private let errors: FileHandle
    private var end: ChildEnd?

    /// Starts a program with an environment; the test's own when nil.
    init(_ path: String, _ arguments: [String], environment: [String: String]? = nil) throws {
        let outputPipe = Pipe(), errorPipe = Pipe()
        (output, errors) = (outputPipe.fileHandleForReading, errorPipe.fileHandleForReading)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, outputPipe.fileHandleForWriting.fileDescriptor, 1)
        posix_spawn_file_actions_adddup2(&actions, errorPipe.fileHandleForWriting.fileDescriptor, 2)
        for pipe in [outputPipe, errorPipe] {
            for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
                _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
            }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0.key)=\($0.value)" }
        let words = ([path] + arguments).map { strdup($0) } + [nil]
        let entries = variables.map { strdup($0) } + [nil]
        defer { (words + entries).forEach { free($0) } }
        var process = pid_t()
        let failure = posix_spawn(&process, path, &actions, &attributes, words, entries)
        try #require(failure == 0, "\(path): \(String(cString: strerror(failure)))")
        number = process
        try outputPipe.fileHandleForWriting.close()
        try errorPipe.fileHandleForWriting.close()
    }

    deinit {
        guard end == nil else { return }
        kill(number, SIGKILL)
        _ = wait()
    }

    /// Waits for a line of its output that contains a word: the program's own sign that it is as far.
    func wait(for word: String) throws {
        var text = ""
        let deadline = Date() + 20
        while !text.contains(word), Date() < deadline {
            let bytes = output.availableData
            if bytes.isEmpty { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        try #require(text.contains(word), "the program said: \(text)")
    }

    /// Waits for its end, 30 seconds at most.
    func wait() -> ChildEnd? {
        var status: Int32 = 0
        for _ in 0..<3_000 where end == nil {
            if waitpid(number, &status, WNOHANG) == number, case .ended(let found) = ChildStatus(status) { end = found }
            if end == nil { usleep(10_000) }
        }
        return end
    }

    /// Sends a signal and waits for its end.
    func end(by signal: Int32) -> ChildEnd? {
        kill(number, signal)
        return wait()
    }

    /// What is left of what it printed; reads to the end.
    func rest() -> (output: String, errors: String) {
        // Short outputs: both fit their pipes.
        let text = String(decoding: output.readDataToEndOfFile(), as: UTF8.self)
        return (text, String(decoding: errors.readDataToEndOfFile(), as: UTF8.self))
    }
}

/// Runs a program to its end.
enum Command {
    /// What became of it.
    struct Result {
        var end: ChildEnd?
        var output: String
        var errors: String
        /// The exit code; -1 when a signal ended it.
        var code: Int32 { if case .exited(let code) = end { code } else { -1 } }
    }

    /// Runs a program with an environment (the test's own when nil) and waits for it.
    static func run(_ path: String, _ arguments: [String], environment: [String: String]? = nil) throws -> Result {
        let spawned = try Spawned(path, arguments, environment: environment)
        let (output, errors) = spawned.rest()
        return Result(end: spawned.wait(), output: output, errors: errors)
    }
}
