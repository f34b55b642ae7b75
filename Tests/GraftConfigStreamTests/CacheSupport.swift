// CacheSupport: what the tests of the cache have in common.

import Foundation
import GraftConfigStream
import Synchronization
import Testing

/// A folder of one test.
final class CacheFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/graft-stream-cache-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var file: String { path + "/config" }

    func cache(
        adding: [String] = [], bytes: Int = StreamCacheFile.maximumBytes,
        settings: Int = StreamCacheFile.maximumSettings
    ) throws -> StreamCacheFile {
        try StreamCacheFile(path: file, secrets: StreamSecrets(adding: adding), bytes: bytes, settings: settings)
    }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
    var bytes: [UInt8] { FileManager.default.contents(atPath: file).map { Array($0) } ?? [] }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Puts bytes into the file, with the mode that it must have.
    func write(_ bytes: [UInt8]) {
        _ = FileManager.default.createFile(
            atPath: file, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
    }
}

/// A configuration with these settings, all from a file.
func cached(_ settings: [String: StreamValue], sequence: Int32 = 7, source: String = "file") -> CachedConfiguration {
    CachedConfiguration(
        settings: settings.sorted { $0.key < $1.key }.map {
            StreamSetting(key: $0.key, source: source, value: $0.value)
        },
        origin: "datadog.yaml", sequence: sequence, savedAt: WallTime(nanoseconds: 1_777_890_030_123_456_789))
}

/// The refusal of a cache.
func refusal(_ body: () throws -> Void) -> StreamError? {
    do { try body() } catch { return error as? StreamError }
    return nil
}

/// A cache in memory that tells of each save.
final class RecordingCache: StreamCache {
    private struct Storage {
        var kept: CachedConfiguration?
        var failure: StreamError?
    }

    private let storage: Mutex<Storage>
    /// The saves, in order.
    let saves: AsyncStream<CachedConfiguration>
    private let sink: AsyncStream<CachedConfiguration>.Continuation

    init(_ kept: CachedConfiguration? = nil, failing: StreamError? = nil) {
        storage = Mutex(Storage(kept: kept, failure: failing))
        (saves, sink) = AsyncStream.makeStream()
    }

    /// What saves and loads are refused with from now on; nil takes them.
    func fail(_ failure: StreamError?) { storage.withLock { $0.failure = failure } }

    func load() throws(StreamError) -> CachedConfiguration? {
        try storage.withLock { storage throws(StreamError) in
            if let failure = storage.failure { throw failure }
            return storage.kept
        }
    }

    func save(_ configuration: CachedConfiguration) throws(StreamError) {
        defer { sink.yield(configuration) }
        try storage.withLock { storage throws(StreamError) in
            if let failure = storage.failure { throw failure }
            storage.kept = configuration
        }
    }
}
