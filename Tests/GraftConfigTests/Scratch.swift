// Scratch: a directory for one test, and the ways in which files come and go; Clock: time that moves when told.

import Foundation
import Synchronization

@testable import GraftConfig

/// A new directory that is removed with its owner.
final class Scratch: Sendable {
    /// Its absolute path.
    let path: String

    /// Makes the directory, for its owner alone.
    init() throws {
        var template = Array("/tmp/graft-config-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw POSIXError(.EIO) }
        path = String(cString: made)
    }

    deinit {
        chmod(path, 0o700)
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of `name` in it.
    func at(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a directory.
    @discardableResult
    func directory(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: at(name), withIntermediateDirectories: true)
        return at(name)
    }

    /// Truncates and writes a file where it is.
    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    /// Truncates and writes a file where it is.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        defer { close(file) }
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else { throw POSIXError(.EIO) }
    }

    /// Puts a file in place of another in one step.
    func replace(_ name: String, _ text: String) throws {
        try write(".new", text)
        try move(".new", name)
    }

    /// Renames, over what is there.
    func move(_ old: String, _ new: String) throws {
        guard rename(at(old), at(new)) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }

    /// Makes a symbolic link, in one step in place of what is there.
    func link(_ name: String, to target: String) throws {
        guard symlink(target, at(".link")) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        try move(".link", name)
    }

    /// Removes a file.
    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: at(name)) }

    /// Sets permissions.
    func permit(_ name: String, _ mode: mode_t) throws {
        guard chmod(at(name), mode) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    }
}

/// Time that moves when told.
final class Clock: Sendable {
    private let time = Mutex<UInt64>(1_000_000_000_000)

    /// The time, in nanoseconds.
    var now: UInt64 { time.withLock { $0 } }

    /// Moves on.
    func advance(milliseconds: UInt64) { time.withLock { $0 += milliseconds * 1_000_000 } }
}

/// A file source whose settling time passes when the test says so. Inotify tells of local changes at once, so that a
/// test changes something and calls `poll()`, without waiting.
final class Stage {
    let scratch: Scratch
    let clock = Clock()
    let source: FileConfigSource

    /// A source at `name` in the scratch directory; the directory itself for an empty name.
    init(_ scratch: Scratch, _ name: String = "", settings change: (inout FileConfigSettings) -> Void = { _ in }) throws
    {
        self.scratch = scratch
        var settings = FileConfigSettings()
        settings.now = { [clock] in clock.now }
        change(&settings)
        source = try FileConfigSource(path: name.isEmpty ? scratch.path : scratch.at(name), settings: settings)
    }

    /// What the source says now.
    func poll() -> [ConfigEvent] { source.poll() }

    /// What it says when what is suspect has stayed so for long enough.
    func settle() -> [ConfigEvent] {
        let early = poll()
        clock.advance(milliseconds: UInt64(FileConfigSource.settlingMilliseconds))
        return early + poll()
    }
}

/// A short text for an event, to compare with: `a.json v1 #1 [1]`, `a.json v2 #2 removed`, `a.json json-syntax 1:2`.
func brief(_ events: [ConfigEvent]) -> [String] {
    func name(_ path: String?) -> String { path.map { String($0.split(separator: "/").last ?? "") } ?? "source" }
    return events.map { event in
        switch event {
        case .update(let update):
            let content = update.bytes.map { $0.count < 64 ? String(decoding: $0, as: UTF8.self) : "\($0.count) bytes" }
            return "\(name(update.path)) v\(update.version) #\(update.sequence) \(content ?? "removed")"
        case .problem(let error):
            return "\(name(error.path)) \(error.code)" + (error.place.map { " \($0.line):\($0.column)" } ?? "")
        case .cleared(let path): return "\(name(path)) cleared"
        }
    }
}
