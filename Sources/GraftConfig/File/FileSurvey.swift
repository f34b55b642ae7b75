// FileSurvey: what there is under the path of a source, without reading it.
//
// Owns the question "file, directory or nothing", the choice of payload files in a directory, and the list of
// directories that must be watched so that no change of the answer is missed. Changes nothing and remembers nothing.
// Neighbours: PathWalk, FileConfigEngine.

/// What must be watched of one directory.
struct DirectoryInterest: Equatable {
    /// Names whose entries matter.
    var names: Set<String> = []
    /// Whether any name of a payload matters.
    var hasPayloads = false
    /// Whether anything in it matters, or only that the directory stays where it is.
    var isPassage: Bool { names.isEmpty && !hasPayloads && !isRefused }
    /// Whether it is not trusted, so that a change of its permissions matters.
    var isRefused = false

    /// Whether what happens to `name` matters.
    func includes(_ name: String) -> Bool {
        names.contains(name) || (hasPayloads && FileSurvey.isPayload(name))
    }
}

/// What there is under a source's path.
struct FileSurvey {
    /// One payload file, or what may become one.
    struct Finding {
        /// Its path as it is reported.
        var path: String
        /// Where that leads.
        var walk: PathWalk
    }

    /// The payload files, by the bytes of their names; the path itself where it is not a directory.
    private(set) var findings: [Finding] = []
    /// What is wrong with the directory as a whole.
    private(set) var directoryError: ConfigError?
    /// Whether what is not among the findings is gone; false where the directory could not be looked at.
    private(set) var isComplete = true
    /// What must be watched, by real directory path.
    private(set) var interests: [String: DirectoryInterest] = [:]

    /// Looks at `root`. Paths in `known` keep their place where there are too many files.
    init(of root: String, known: (String) -> Bool, user: UInt32) {
        let walk = PathWalk(absolute: root, user: user)
        note(walk)
        switch walk.outcome {
        case .directory(let directory):
            interests[directory, default: DirectoryInterest()].hasPayloads = true
            list(directory, as: root, known: known, user: user)
        case .refused:
            isComplete = false
            findings = [Finding(path: root, walk: walk)]
        case .file, .missing:
            findings = [Finding(path: root, walk: walk)]
        }
    }

    /// Whether a name in a directory is that of a payload: `*.json`, not hidden.
    static func isPayload(_ name: String) -> Bool {
        name.utf8.count > 5 && name.hasSuffix(".json") && !name.hasPrefix(".")
    }
}

extension FileSurvey {
    /// Finds the payloads in a directory.
    private mutating func list(_ directory: String, as root: String, known: (String) -> Bool, user: UInt32) {
        var names: [String] = []
        do throws(SystemFailure) {
            names = try payloadNames(in: directory, root: root)
        } catch {
            directoryError = error.error("the directory cannot be read", path: root)
            isComplete = false
            return
        }
        names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        names = distinct(names, root: root)
        for name in chosen(names, root: root, known: known) {
            let walk = PathWalk(name, in: directory, user: user)
            note(walk)
            findings.append(Finding(path: PathWalk.join(root, name), walk: walk))
        }
    }

    /// The names of payloads, in no order.
    private mutating func payloadNames(in directory: String, root: String) throws(SystemFailure) -> [String] {
        var names: [String] = []
        var count = 0
        var error: ConfigError?
        try FileCalls.eachName(in: directory) { name in
            count += 1
            guard count <= FileConfigSource.maximumEntries else {
                let message =
                    "the directory has more than \(FileConfigSource.maximumEntries) entries; the rest is ignored"
                error = ConfigError(.limit, message, path: root)
                return false
            }
            guard let name else {
                error = ConfigError(.badPath, "the directory has a name that is not UTF-8; it is ignored", path: root)
                return true
            }
            if Self.isPayload(name) { names.append(name) }
            return true
        }
        directoryError = error
        return names
    }

    /// The names without those that equal an earlier one by Unicode's rules though their bytes differ: nobody could
    /// tell the two apart in a report, and text compares equal everywhere in Swift.
    private mutating func distinct(_ names: [String], root: String) -> [String] {
        var seen: Set<String> = []
        let distinct = names.filter { seen.insert($0).inserted }
        if distinct.count < names.count {
            let message = "the directory has two names that differ only in Unicode normalisation; the second is ignored"
            directoryError = ConfigError(.badPath, message, path: root)
        }
        return distinct
    }

    /// As many names as the limit allows: those that are known, then the first.
    private mutating func chosen(_ names: [String], root: String, known: (String) -> Bool) -> [String] {
        guard names.count > FileConfigSource.maximumFiles else { return names }
        let message = "the directory has more than \(FileConfigSource.maximumFiles) payload files; the rest is ignored"
        directoryError = ConfigError(.limit, message, path: root)
        let old = names.filter { known(PathWalk.join(root, $0)) }
        let new = names.filter { !known(PathWalk.join(root, $0)) }
        let chosen = (old + new).prefix(FileConfigSource.maximumFiles)
        return chosen.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Notes what a walk depends on.
    private mutating func note(_ walk: PathWalk) {
        for directory in walk.directories where interests[directory] == nil {
            interests[directory] = DirectoryInterest()
        }
        for step in walk.steps { interests[step.directory, default: DirectoryInterest()].names.insert(step.name) }
        if case .refused = walk.outcome, let last = walk.directories.last {
            interests[last, default: DirectoryInterest()].isRefused = true
        }
    }
}
