// DirectoryWatch: which of the watched directories has had a change that matters.
//
// Owns the table between directories and the kernel's watches, and the meaning of its news. Where there is no inotify
// (its per-user limits are reached), it says so, and its owner looks at intervals. News that do not matter (others'
// files in /tmp) are dropped here. Neighbours: Inotify, FileSurvey (interests), FileConfigEngine.

internal import Glibc

/// Watches over directories.
struct DirectoryWatch: ~Copyable {
    /// What has happened since the last time.
    struct Changes {
        /// The entries that something has happened to.
        var steps: Set<PathStep> = []
        /// Whether more may have happened than is said.
        var isEverything = false
        /// Whether there is anything to look at.
        var isEmpty: Bool { steps.isEmpty && !isEverything }
    }

    /// What became of a request to watch.
    enum Outcome {
        /// Everything was watched already.
        case same
        /// Watches were added, or could not be because a directory went away: what was seen before may be old.
        case changed
        /// Changes cannot be watched for.
        case failed(SystemFailure)
    }

    /// Everything that can happen to an entry, or to the directory itself. Not IN_MODIFY: a file counts when its
    /// writer has closed it.
    private static let everything = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF
    )
    /// That the directory itself is moved or removed.
    private static let passage = UInt32(IN_DELETE_SELF | IN_MOVE_SELF)
    /// News after which a watch is worth nothing: the directory is elsewhere or gone.
    private static let ending = UInt32(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)

    /// One watched directory.
    private struct Entry {
        /// The kernel's number; nil where a passage may not be watched.
        var watch: Int32?
        /// What matters in it.
        var interest: DirectoryInterest
    }

    private var inotify: Inotify?
    private var entries: [String: Entry] = [:]
    /// The directories of a watch: several only where one is mounted at several places.
    private var directories: [Int32: Set<String>] = [:]

    /// A watch that is not open.
    init() { inotify = nil }

    /// Whether changes are watched for.
    var isOpen: Bool { inotify != nil }

    /// Opens it, with its descriptor added to `readiness`.
    mutating func open(_ call: () -> Int32, joining readiness: borrowing Readiness) throws(SystemFailure) {
        let opened = try Inotify(call)
        try readiness.add(opened.descriptor)
        inotify = consume opened
    }

    /// Closes it; all watches end.
    mutating func close() {
        inotify = nil
        (entries, directories) = ([:], [:])
    }

    /// Watches exactly the directories of `interests`.
    mutating func watch(_ interests: [String: DirectoryInterest]) -> Outcome {
        for directory in entries.keys where interests[directory] == nil { drop(directory) }
        var outcome = Outcome.same
        for (directory, interest) in interests {
            if let entry = entries[directory], entry.interest.isPassage == interest.isPassage {
                entries[directory]?.interest = interest
                continue
            }
            do throws(SystemFailure) {
                try add(directory, interest)
                outcome = .changed
            } catch {
                guard error.isMissing else { return .failed(error) }
                outcome = .changed
            }
        }
        return outcome
    }

    /// Takes the news that have come.
    mutating func changes() throws(SystemFailure) -> Changes {
        var news: [Inotify.News] = []
        try inotify?.take { news.append($0) }
        var changes = Changes()
        for item in news { digest(item, into: &changes) }
        return changes
    }
}

extension DirectoryWatch {
    /// Watches a directory, or watches more of it.
    private mutating func add(_ directory: String, _ interest: DirectoryInterest) throws(SystemFailure) {
        var watch: Int32?
        do throws(SystemFailure) {
            watch = try inotify?.add(directory, interest.isPassage ? Self.passage : Self.everything)
        } catch {
            // To pass through a directory needs less than to watch it; what lies behind is watched all the same.
            guard interest.isPassage, error.number == EACCES else { throw error }
        }
        drop(directory, unless: watch)
        entries[directory] = Entry(watch: watch, interest: interest)
        if let watch { directories[watch, default: []].insert(directory) }
    }

    /// Forgets a directory, and ends its watch unless that is `kept` or another directory has it too.
    private mutating func drop(_ directory: String, unless kept: Int32? = nil) {
        guard let watch = entries.removeValue(forKey: directory)?.watch, watch != kept else { return }
        directories[watch]?.remove(directory)
        guard directories[watch]?.isEmpty == true else { return }
        directories[watch] = nil
        inotify?.remove(watch)
    }

    /// Adds what one piece of news means.
    private mutating func digest(_ news: Inotify.News, into changes: inout Changes) {
        if news.mask & UInt32(IN_Q_OVERFLOW) != 0 {
            changes.isEverything = true
            return
        }
        guard let watched = directories[news.watch] else { return }
        if news.mask & Self.ending != 0 {
            for directory in watched { drop(directory) }
            changes.isEverything = true
            return
        }
        guard let name = news.name else {
            // About the directory itself, or about a name that no payload can have.
            changes.isEverything = changes.isEverything || news.mask & UInt32(IN_ATTRIB) != 0
            return
        }
        for directory in watched where entries[directory]?.interest.includes(name) == true {
            changes.steps.insert(PathStep(directory: directory, name: name))
        }
    }
}
