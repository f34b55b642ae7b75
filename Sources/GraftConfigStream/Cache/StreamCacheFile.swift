// StreamCacheFile: the last configuration in a file, for a start without a core agent.
//
// Owns what is asked of the file. Neighbours: StreamCacheFormat has the bytes, StreamSecrets what is withheld, GraftConfig's
// CacheFile the system calls and the trust in what they find; ConfigStreamConsumer loads it and CacheKeeper saves.

internal import GraftConfig

/// A file with the last configuration that a consumer has received. Secrets are withheld.
///
/// ```swift
/// var settings = StreamSettings(clientName: "my-agent")
/// settings.cache = try StreamCacheFile(path: "/var/lib/my-agent/config-stream")
/// ```
///
/// The file is its owner's alone: mode 0600, and one of another user, or that others have rights to, is refused. It is replaced
/// whole, through the disk: at any moment, also after a crash, there is the old one or the new one. Any thread may use it, and
/// any number of processes, of which the last one to save wins.
public struct StreamCacheFile: StreamCache {
    /// The most bytes of a file: as many as those of a message of the stream.
    public static let maximumBytes = 128 << 20
    /// The most settings in a file; a key counts once for each source.
    public static let maximumSettings = 1 << 20

    /// Its absolute path.
    public var path: String { file.path }
    /// What is never written.
    public let secrets: StreamSecrets
    private let file: CacheFile
    private let format: StreamCacheFormat

    /// A cache in the file at `path`, whose folder exists. Nothing is read or written yet.
    ///
    /// - Parameters:
    ///   - path: absolute, and not that of a folder: a program may change its own.
    ///   - secrets: what is withheld.
    ///   - bytes: the most bytes that are read and written, from 1 to `maximumBytes`.
    ///   - settings: the most settings that are, from 1 to `maximumSettings`.
    /// - Throws: `StreamError` of code `cache`.
    public init(
        path: String, secrets: StreamSecrets = StreamSecrets(), bytes: Int = maximumBytes,
        settings: Int = maximumSettings
    ) throws(StreamError) {
        guard (1...Self.maximumBytes).contains(bytes) else {
            throw StreamError(.cache, "\(path): the limit of \(bytes) bytes is not 1 to \(Self.maximumBytes)")
        }
        guard (1...Self.maximumSettings).contains(settings) else {
            throw StreamError(.cache, "\(path): the limit of \(settings) settings is not 1 to \(Self.maximumSettings)")
        }
        do throws(ConfigError) {
            file = try CacheFile(checking: path)
        } catch {
            throw StreamError(.cache, error.description)
        }
        self.secrets = secrets
        format = StreamCacheFormat(bytesMax: bytes, settingsMax: settings)
    }

    /// What the file holds; nil when there is none.
    ///
    /// - Throws: `StreamError` of code `cache`, with the path and, for what is in it, line and column: the file cannot be read, is
    ///   not this user's alone, is of another version, was cut or damaged, or passes a limit.
    public func load() throws(StreamError) -> CachedConfiguration? {
        do throws(ConfigError) {
            guard let bytes = try file.read(atMost: format.bytesMax) else { return nil }
            return try StreamCacheParser.configuration(in: bytes, format)
        } catch {
            throw StreamError(.cache, error.at(path: path).description)
        }
    }

    /// Has the file hold a configuration, without its secrets. Waits for the disk.
    ///
    /// - Throws: `StreamError` of code `cache`, with the path: it passes a limit, the file cannot be written, or what is there is not
    ///   this user's. What was there before stays then.
    public func save(_ configuration: CachedConfiguration) throws(StreamError) {
        let (kept, withheld) = secrets.withhold(from: configuration.settings)
        var written = configuration
        written.settings = kept
        written.withheld = withheld
        do throws(ConfigError) {
            try file.replace(with: try format.bytes(of: written))
        } catch {
            throw StreamError(.cache, error.at(path: path).description)
        }
    }
}
