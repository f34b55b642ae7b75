// StreamSourceState: what a source has handed out, and what is to be handed out next.
//
// Owns the comparison of the settings in force with those that were handed out: paths, problems, versions and the sequence. It
// neither waits nor knows of threads. Neighbours: StreamConfigSource has the lock around it, TableDiff finds what differs.

internal import GraftConfig

/// What a source has handed out.
struct StreamSourceState: Sendable {
    /// What the keys begin with, in lower case.
    private let prefix: String
    /// The most paths in force at once.
    private let pathsMax: Int
    /// The settings up to which everything was handed out.
    private var seen = Generation.none
    /// The payloads in force by path.
    private var contents: [String: [UInt8]] = [:]
    /// What was last said to be wrong with a path.
    private var problems: [String: ConfigError] = [:]
    /// The paths that were refused only since there are too many.
    private var waiting: Set<String> = []
    private var versions = VersionLedger()
    private var sequence: UInt64 = 0

    /// A source that has handed out nothing.
    init(prefix: String, pathsMax: Int) {
        self.prefix = StreamKey.fold(prefix)
        self.pathsMax = pathsMax
    }

    /// What is to be said now that these settings are in force, in the order of the keys, removals first: they make room.
    mutating func events(upTo generation: Generation) -> [ConfigEvent] {
        var changed: [(path: String, value: StreamValue)] = []
        var events: [ConfigEvent] = []
        var isRoomier = false
        let differences = differences(upTo: generation)
        for (path, value) in differences {
            if let value {
                changed.append((path, value))
            } else {
                isRoomier = contents[path] != nil || isRoomier
                events += remove(path)
            }
        }
        for (path, value) in changed { events += put(path, value) }
        if isRoomier { events += admitWaiting(generation) }
        seen = generation
        return events
    }

    /// The keys of which the value in force is another one, in order, with that value.
    private func differences(upTo generation: Generation) -> [(path: String, value: StreamValue?)] {
        var found: [(path: String, value: StreamValue?)] = []
        generation.table.forEachDifference(from: seen.table) { old, new in
            guard let name = (new ?? old)?.name, name.hasPrefix(prefix) else { return }
            found.append((name, new?.value))
        }
        return found.sorted { $0.path < $1.path }
    }

    /// A value is in force.
    private mutating func put(_ path: String, _ value: StreamValue) -> [ConfigEvent] {
        let bytes: [UInt8]
        do throws(ConfigError) {
            bytes = try StreamPayload.bytes(of: value)
        } catch {
            waiting.remove(path)
            return problem(error.at(path: path), of: path)
        }
        guard contents[path] != nil || contents.count < pathsMax else {
            waiting.insert(path)
            return problem(ConfigError(.limit, "a source has at most \(pathsMax) paths in force", path: path), of: path)
        }
        waiting.remove(path)
        let hadProblem = problems.removeValue(forKey: path) != nil
        if contents[path] == bytes { return hadProblem ? [.cleared(path: path)] : [] }
        contents[path] = bytes
        return [update(path, .payload(bytes))]
    }

    /// Nothing is in force any more.
    private mutating func remove(_ path: String) -> [ConfigEvent] {
        waiting.remove(path)
        let hadProblem = problems.removeValue(forKey: path) != nil
        if contents.removeValue(forKey: path) != nil { return [update(path, .removed)] }
        return hadProblem ? [.cleared(path: path)] : []
    }

    /// Says what is wrong, unless that has been said.
    private mutating func problem(_ error: ConfigError, of path: String) -> [ConfigEvent] {
        if problems[path] == error { return [] }
        problems[path] = error
        return [.problem(error)]
    }

    /// Takes those for whom there is room now.
    private mutating func admitWaiting(_ generation: Generation) -> [ConfigEvent] {
        var events: [ConfigEvent] = []
        for path in waiting.sorted() where contents.count < pathsMax {
            if let value = generation.table[StreamKey(path)]?.value { events += put(path, value) }
        }
        return events
    }

    /// The next update of a path.
    private mutating func update(_ path: String, _ content: ConfigUpdate.Content) -> ConfigEvent {
        sequence += 1
        let version = versions.next(path, isRemoval: content == .removed)
        return .update(ConfigUpdate(path: path, version: version, sequence: sequence, content: content))
    }
}
