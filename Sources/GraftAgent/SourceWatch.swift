// SourceWatch.swift: the configuration's source, inside a process that may close what it did not open.
//
// Owns one source and what is wrong with its files. A source reads from its descriptors; should the host have closed one
// and opened its own under the same number, the next read would take the host's bytes. So before each look the
// descriptor must still be what it was; if not, the source is given up where it stands (closing it would close the
// host's files) and a new one takes its place. Used by the agent's thread.

internal import Glibc
internal import GraftConfig

/// A source that is looked at only while it is intact.
final class SourceWatch {
    private let path: String
    private var source: FileConfigSource?
    /// What the descriptor named when the source was made.
    private var identity = ""
    /// What is wrong now, by path; nil is the source as a whole.
    private var problemsByPath: [String?: ConfigError] = [:]

    /// A watch on the file or folder at this path.
    init(path: String) {
        self.path = path
        open()
    }

    /// The descriptor to wait for; -1 when there is nothing to wait for.
    var descriptor: Int32 { source?.descriptor ?? -1 }

    /// What is wrong with the configuration, in order of the paths.
    var problems: [ConfigError] {
        problemsByPath.sorted { ($0.key ?? "") < ($1.key ?? "") }.map(\.value)
    }

    /// Takes what has happened; calls `apply` for each update. Returns whether anything has.
    func look(_ apply: (ConfigUpdate) -> Void, problem: (ConfigError) -> Void) -> Bool {
        if let source, Self.identity(of: source.descriptor) != identity {
            _ = Unmanaged.passRetained(source)
            open()
        }
        let events = source?.poll() ?? []
        for event in events {
            switch event {
            case .update(let update):
                problemsByPath[update.path] = nil
                apply(update)
            case .problem(let error):
                problemsByPath[error.path] = error
                problem(error)
            case .cleared(let path):
                problemsByPath[path] = nil
            }
        }
        return !events.isEmpty
    }

    /// Goes on with a source of its own, in the child of a fork.
    func followFork() {
        source?.close()
        open()
    }

    /// Makes the source.
    private func open() {
        source = nil
        do throws(ConfigError) {
            let made = try FileConfigSource(path: path)
            identity = Self.identity(of: made.descriptor)
            source = made
            problemsByPath = [:]
        } catch {
            problemsByPath = [nil: error]
        }
    }

    /// What a descriptor names: `anon_inode:[eventpoll]`; empty for one that is not open.
    private static func identity(of descriptor: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
