// PathWalk: where a path leads, and on which directory entries that depends.
//
// Owns the resolution of paths, component by component, as the kernel does it, because whoever wants to hear of a
// change must watch every directory in which a link or the file itself can be swapped, not only the last one. Judges
// directories and links on the way. It reads no file. Neighbours: FileSurvey walks, DirectoryWatch watches.

/// A name in a directory, on which the resolution of a path depends.
struct PathStep: Hashable {
    /// The directory's real path.
    var directory: String
    /// The name in it.
    var name: String
}

/// The resolution of one path.
struct PathWalk {
    /// Where a path leads.
    enum Outcome {
        /// To something that is not a directory, at this real path.
        case file(String, FileStatus)
        /// To the directory at this real path.
        case directory(String)
        /// Nowhere.
        case missing
        /// It must not, or cannot, be followed.
        case refused(ConfigError.Code, String)
    }

    /// Where it leads.
    private(set) var outcome: Outcome = .missing
    /// The entries that decide it: links, the file, and what is missing.
    private(set) var steps: [PathStep] = []
    /// The directories that it goes through.
    private(set) var directories: [String] = []

    private let user: UInt32
    /// Components that are yet to be walked, the next one last.
    private var ahead: [Substring] = []
    private var current: String
    private var links = 0

    /// Walks the absolute `path` from the root directory.
    init(absolute path: String, user: UInt32) {
        self.user = user
        current = "/"
        push(path)
        guard enter("/") else { return }
        walk()
    }

    /// Walks `name` from `directory`, a real path that another walk has led to.
    init(_ name: String, in directory: String, user: UInt32) {
        self.user = user
        current = directory
        push(name)
        walk()
    }

    /// The path of `name` in `directory`.
    static func join(_ directory: String, _ name: some StringProtocol) -> String {
        let name = String(name)  // text and text: what joins any two collections is made at run time
        return directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }
}

extension PathWalk {
    /// Puts the components of `path` before those that are ahead.
    private mutating func push(_ path: String) {
        ahead += path.split(separator: "/").reversed()
    }

    /// Walks what is ahead.
    private mutating func walk() {
        while let name = ahead.popLast() {
            guard step(to: name) else { return }
        }
        outcome = .directory(current)
    }

    /// Walks one component; false when the outcome is known.
    private mutating func step(to name: Substring) -> Bool {
        if name == "." { return true }
        if name == ".." {
            // `current` has no links in it, so its parent is what its text says.
            current = current.lastIndex(of: "/").map { $0 == current.startIndex ? "/" : String(current[..<$0]) } ?? "/"
            return true
        }
        let here = Self.join(current, name)
        guard here.utf8.count <= FileConfigSource.maximumPathBytes else {
            return refuse(.limit, "the path is longer than \(FileConfigSource.maximumPathBytes) bytes")
        }
        do throws(SystemFailure) {
            let status = try FileStatus(at: here)
            switch status.kind {
            case .directory: return enter(here, status)
            case .link: return try follow(here, name, status)
            case .regular, .other: return arrive(here, name, status)
            }
        } catch {
            steps.append(PathStep(directory: current, name: String(name)))
            return error.isMissing
                ? end(.missing) : refuse(.system, error.error("cannot be reached", path: nil).message)
        }
    }

    /// Goes into a directory.
    private mutating func enter(_ path: String, _ known: FileStatus? = nil) -> Bool {
        do throws(SystemFailure) {
            let status = if let known { known } else { try FileStatus(at: path) }
            let isReadOnly = { FileCalls.isOnReadOnlyMount(path) }
            if let objection = FileTrust.objection(toDirectory: status, isReadOnly: isReadOnly) {
                directories.append(path)
                return refuse(.untrusted, "\(path): \(objection)")
            }
        } catch {
            return refuse(.system, error.error("cannot be reached", path: nil).message)
        }
        directories.append(path)
        current = path
        return true
    }

    /// Goes where a link leads.
    private mutating func follow(_ path: String, _ name: Substring, _ status: FileStatus) throws(SystemFailure) -> Bool
    {
        steps.append(PathStep(directory: current, name: String(name)))
        if let objection = FileTrust.objection(toLink: status, user: user) {
            return refuse(.untrusted, "\(path): \(objection)")
        }
        links += 1
        guard links <= FileConfigSource.maximumLinks else {
            return refuse(.limit, "more than \(FileConfigSource.maximumLinks) symbolic links on the way")
        }
        guard let target = try FileCalls.readLink(path) else {
            return refuse(.badPath, "\(path): the symbolic link is not UTF-8")
        }
        if target.hasPrefix("/") { current = "/" }
        push(target)
        return true
    }

    /// Comes to something that is not a directory.
    private mutating func arrive(_ path: String, _ name: Substring, _ status: FileStatus) -> Bool {
        steps.append(PathStep(directory: current, name: String(name)))
        // A path that goes on behind a file leads nowhere, until the file becomes a directory.
        return end(ahead.isEmpty ? .file(path, status) : .missing)
    }

    /// Ends the walk.
    private mutating func end(_ outcome: Outcome) -> Bool {
        self.outcome = outcome
        return false
    }

    /// Ends the walk with a reason.
    private mutating func refuse(_ code: ConfigError.Code, _ message: String) -> Bool {
        end(.refused(code, message))
    }
}
