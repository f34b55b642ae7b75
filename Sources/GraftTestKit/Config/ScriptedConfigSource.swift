// ScriptedConfigSource: a source of configuration that says what it is told to say.
//
// Owns a list of events and a pipe that is readable while there are some. It never reads a file and never does
// anything by itself, so a test that uses it depends on no time. Neighbours: checkConfigSource, which it passes.

public import GraftConfig
internal import Glibc
internal import Synchronization

/// A source of configuration for tests, which moves only when told.
///
/// ```swift
/// let source = try ScriptedConfigSource()
/// source.put("a.json", #"{"targets":["Shop:Order.price"]}"#)
/// let events = source.poll()
/// ```
public final class ScriptedConfigSource: ConfigSource {
    /// What the script has led to.
    private struct Storage {
        /// What has not been handed out yet.
        var events: [ConfigEvent] = []
        /// Content by path.
        var contents: [String: [UInt8]] = [:]
        /// The last version of each path.
        var versions: [String: UInt64] = [:]
        /// Paths with a problem.
        var problems: Set<String> = []
        /// The last sequence.
        var sequence: UInt64 = 0
        /// The pipe's ends; -1 once closed.
        var (reading, writing): (Int32, Int32) = (-1, -1)
    }

    private let storage: Mutex<Storage>

    /// A source that has nothing to say.
    ///
    /// - Throws: when there is no descriptor left.
    public init() throws(ConfigError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ConfigError(.system, "there is no descriptor left for a pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        storage = Mutex(Storage(reading: ends[0], writing: ends[1]))
    }

    deinit { close() }

    /// Readable while there is something to hand out.
    public var descriptor: Int32 { storage.withLock { $0.reading } }

    /// Takes what has been said since the last call.
    public func poll() -> [ConfigEvent] {
        storage.withLock { storage in
            guard storage.reading >= 0 else { return [] }
            var byte: UInt8 = 0
            while read(storage.reading, &byte, 1) > 0 {}
            defer { storage.events = [] }
            return storage.events
        }
    }

    /// Ends it.
    public func close() {
        storage.withLock { storage in
            guard storage.reading >= 0 else { return }
            _ = Glibc.close(storage.reading)
            _ = Glibc.close(storage.writing)
            (storage.reading, storage.writing) = (-1, -1)
        }
    }
}

extension ScriptedConfigSource {
    /// Puts content at a path: an update, unless it is there already.
    public func put(_ path: String, _ bytes: [UInt8]) {
        storage.withLock { storage in
            let hadProblem = storage.problems.remove(path) != nil
            guard storage.contents[path] != bytes else {
                if hadProblem { say(.cleared(path: path), &storage) }
                return
            }
            storage.contents[path] = bytes
            update(path, .payload(bytes), isSnapshot: false, &storage)
        }
    }

    /// Puts text at a path.
    public func put(_ path: String, _ text: String) { put(path, Array(text.utf8)) }

    /// Replaces everything by content at one path.
    public func putSnapshot(_ path: String, _ text: String) {
        storage.withLock { storage in
            storage.contents = [path: Array(text.utf8)]
            storage.problems = []
            update(path, .payload(Array(text.utf8)), isSnapshot: true, &storage)
        }
    }

    /// Takes content away: a removal, if there is something.
    public func remove(_ path: String) {
        storage.withLock { storage in
            storage.problems.remove(path)
            guard storage.contents.removeValue(forKey: path) != nil else { return }
            update(path, .removed, isSnapshot: false, &storage)
        }
    }

    /// Makes a path unusable: a problem, while its content stays in force.
    public func fail(_ path: String, _ message: String = "scripted") {
        storage.withLock { storage in
            storage.problems.insert(path)
            say(.problem(ConfigError(.syntax, message, path: path)), &storage)
        }
    }

    /// Says anything at all.
    public func say(_ event: ConfigEvent) {
        storage.withLock { say(event, &$0) }
    }

    /// Appends an event and makes the descriptor readable.
    private func say(_ event: ConfigEvent, _ storage: inout Storage) {
        guard storage.writing >= 0 else { return }
        storage.events.append(event)
        var byte: UInt8 = 0
        // A full pipe is readable, and that is all that matters.
        _ = write(storage.writing, &byte, 1)
    }

    /// Appends the next update of a path.
    private func update(
        _ path: String, _ content: ConfigUpdate.Content, isSnapshot: Bool, _ storage: inout Storage
    ) {
        storage.sequence += 1
        storage.versions[path, default: 0] += 1
        let version = storage.versions[path, default: 0]
        let sequence = storage.sequence
        say(
            .update(
                ConfigUpdate(
                    path: path, version: version, sequence: sequence, isSnapshot: isSnapshot, content: content)),
            &storage)
    }
}
