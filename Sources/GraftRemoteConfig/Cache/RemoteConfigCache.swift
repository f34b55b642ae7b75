// RemoteConfigCache: the last known good configurations in a file, for a start without an agent.
//
// Owns what is asked of the file, and when it is written. Neighbours: CacheFormat has the bytes, CacheFile the system calls;
// RemoteConfigState.adopt puts in force what was loaded, RemoteConfigState.lastKnownGood is what to save.

public import GraftConfig

/// A file with the configurations that were last in force, of one service in one environment.
///
/// ```swift
/// let cache = try RemoteConfigCache(path: "/var/lib/shop/remote-config", identity: identity)
/// thread.poller.adopt(try cache.load())
/// hooks.afterPoll = { _ in try? cache.save(poller.state.lastKnownGood) }
/// ```
///
/// The file is its owner's alone: mode 0600, and one of another user, or that others may read or write, is refused. It is
/// replaced whole: at any moment, also after a crash, there is the old one or the new one. Services that differ need files
/// that differ: one that is of another service is refused, and replaced by the next save. Any thread may use it.
public final class RemoteConfigCache: Sendable {
    /// The most bytes of a file: as many as those of an answer.
    public static let maximumBytes = RemoteConfigLimits.maximumResponseBytes

    /// Its absolute path.
    public var path: String { file.path }
    private let file: CacheFile
    private let format: CacheFormat
    /// What the file is known to hold; nil when that is not known.
    private let known = Guarded<[Known]?>(nil)

    /// What tells two contents of a file apart.
    private struct Known: Sendable, Equatable {
        /// The path of a configuration.
        var path: ConfigPath
        /// Its version, hash and length.
        var metadata: ConfigMetadata
    }

    /// A cache in the file at `path`, whose folder exists. Nothing is read or written yet.
    ///
    /// - Throws: `badPath` unless the path is absolute and names a file: a program may change its folder.
    public init(
        path: String, identity: CacheIdentity, limits: RemoteConfigLimits = RemoteConfigLimits()
    ) throws(ConfigError) {
        file = try CacheFile(checking: path)
        format = CacheFormat(identity: identity, limits: limits)
    }

    /// What the file holds; nothing when there is none.
    ///
    /// - Throws: why it cannot be used: `system`, `untrusted` for the wrong owner or permissions, `limit`, or `payload` for one
    ///   that is damaged or of another service.
    public func load() throws(ConfigError) -> [Payload] {
        do throws(ConfigError) {
            let bytes = try file.read(atMost: Self.maximumBytes)
            let payloads = try bytes.map { bytes throws(ConfigError) in try format.payloads(in: bytes) } ?? []
            known.withLock { $0 = bytes == nil ? nil : Self.known(payloads) }
            return payloads
        } catch {
            throw error.at(path: path)
        }
    }

    /// Has the file hold `payloads`, unless it does already. Waits for the disk.
    ///
    /// - Returns: whether it was written.
    /// - Throws: `limit`, `system`, or `untrusted` when what is there is not this user's; what was there before stays then.
    @discardableResult
    public func save(_ payloads: [Payload]) throws(ConfigError) -> Bool {
        let now = Self.known(payloads)
        guard known.withLock({ $0 != now }) else { return false }
        do throws(ConfigError) {
            guard payloads.count <= format.limits.configurations else {
                throw ConfigError(.limit, "a cache has at most \(format.limits.configurations) configurations")
            }
            let size = payloads.reduce(0) { $0 + ($1.bytes?.count ?? 0) }
            guard size <= Self.maximumBytes else { throw CacheFile.tooLong(Self.maximumBytes) }
            let bytes = format.bytes(of: payloads)
            guard bytes.count <= Self.maximumBytes else { throw CacheFile.tooLong(Self.maximumBytes) }
            try file.replace(with: bytes)
        } catch {
            throw error.at(path: path)
        }
        known.withLock { $0 = now }
        return true
    }

    /// What tells these configurations from others.
    private static func known(_ payloads: [Payload]) -> [Known] {
        payloads.filter { !$0.isRemoval }.map { Known(path: $0.path, metadata: $0.metadata) }
    }
}
