// FileConfigSource: configuration from a file or a directory of files: the source that is built in.
//
// Owns the face to the outside and the mutex; the work is FileConfigEngine's. It has no thread and no task: whoever
// waits for its descriptor calls poll(). Neighbours: ConfigSource (the role), ConfigUpdates (the same for tasks).

internal import Synchronization

/// Configuration from a JSON file, or from the `*.json` files of a directory, watched for changes.
///
/// ```swift
/// let source = try FileConfigSource(path: "/etc/graft")
/// defer { source.close() }
/// ```
///
/// The path may name nothing yet, and what it names may be created, rewritten, replaced by a rename, swapped through
/// symbolic links (as Kubernetes does with `..data`), removed and created again; a file may even become a directory.
///
/// - A payload is an update as soon as it can be read and is JSON; the same content again is none. A file is read when
///   its writer has closed it.
/// - What is wrong or gone is said after it has stayed so for 200 ms, so that half-written files, and those that
///   editors remove and create again, are never seen. A wrong file leaves the last good one in force.
/// - A file is refused, with the reason, when others than root and the process's user may have written it: when it,
///   or a symbolic link on the way, belongs to somebody else, when everybody may write to it, or when everybody may
///   write to a directory on the way that has no sticky bit (unless it is mounted read-only).
/// - Where inotify's limits are reached it looks each second instead, and says so once, as a problem without a path.
///   Changes that another machine makes on a network file system do not reach inotify: use `watching: .interval`.
///
/// After `fork`, the child closes its copy and makes a source of its own: news would otherwise be divided between
/// the two processes.
public final class FileConfigSource: ConfigSource {
    /// How changes are noticed.
    public enum Watching: Sendable {
        /// By inotify, and by looking each second where that is not to be had.
        case events
        /// By looking each second.
        case interval
    }

    /// The absolute path of the file or directory.
    public let path: String
    /// The engine, until the source is closed.
    private let engine: Mutex<FileConfigEngine?>

    /// A source for the file or directory at `path`, which need not exist. A relative path is taken from the working
    /// directory of this moment. Nothing is read before the first `poll()`.
    ///
    /// - Throws: when the path is empty, too long or holds a NUL, or when the system has no more descriptors.
    public convenience init(path: String, watching: Watching = .events) throws(ConfigError) {
        var settings = FileConfigSettings()
        settings.watches = watching == .events
        try self.init(path: path, settings: settings)
    }

    /// A source with other settings.
    init(path: String, settings: FileConfigSettings) throws(ConfigError) {
        let absolute = try Self.absolute(path)
        self.path = absolute
        do throws(SystemFailure) {
            engine = Mutex(try FileConfigEngine(root: absolute, settings: settings))
        } catch {
            throw error.error("the file cannot be watched", path: absolute)
        }
    }

    /// Readable when something may have changed or a waiting time is over; readable at first; -1 once closed.
    public var descriptor: Int32 {
        engine.withLock { $0?.readiness.descriptor.number ?? -1 }
    }

    /// Takes what has changed. Reads files, and so takes as long as that does, but waits for nothing else.
    public func poll() -> [ConfigEvent] {
        engine.withLock { $0?.poll() ?? [] }
    }

    /// Stops watching and releases the descriptors.
    public func close() {
        engine.withLock { $0 = nil }
    }

    /// How many paths something is remembered of, besides their versions.
    var trackedCount: Int { engine.withLock { $0?.tracked.count ?? 0 } }

    /// The path from the root directory, without `.` and doubled or final slashes; `..` is left to the walk, since it
    /// means something else behind a link.
    private static func absolute(_ path: String) throws(ConfigError) -> String {
        guard !path.isEmpty else { throw ConfigError(.badPath, "the path is empty") }
        guard !path.utf8.contains(0) else { throw ConfigError(.badPath, "the path has a NUL in it") }
        var base = ""
        if !path.hasPrefix("/") {
            do throws(SystemFailure) {
                base = try FileCalls.workingDirectory()
            } catch {
                throw error.error("a relative path has no beginning", path: path)
            }
        }
        var absolute = ""
        for name in (base + "/" + path).split(separator: "/") where name != "." { absolute += "/" + String(name) }
        if absolute.isEmpty { absolute = "/" }
        guard absolute.utf8.count <= maximumPathBytes else {
            throw ConfigError(.badPath, "the path is longer than \(maximumPathBytes) bytes")
        }
        return absolute
    }
}
