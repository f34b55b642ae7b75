// RemoteConfigCacheTests: the file of the last known good configurations: what it keeps, what it refuses, and what a killed
// process leaves.

import Foundation
import GraftConfig
import GraftTestKit
import Testing

@testable import GraftRemoteConfig

private let identity = CacheIdentity(service: "shop", environment: "ci")

/// A folder of one test.
private final class Folder {
    let path: String

    init() throws {
        var template = Array("/tmp/graft-cache-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var file: String { path + "/cache" }

    func cache(_ identity: CacheIdentity = identity, limits: RemoteConfigLimits = RemoteConfigLimits()) throws
        -> RemoteConfigCache
    {
        try RemoteConfigCache(path: file, identity: identity, limits: limits)
    }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// A configuration.
private func payload(_ id: String, _ text: String, version: UInt64 = 1) throws -> Payload {
    let path = try ConfigPath(features(id))
    let bytes = Array(text.utf8)
    let metadata = ConfigMetadata(path: path, sha256: SHA256.digest(of: bytes), length: bytes.count, version: version)
    return Payload(metadata: metadata, path: path, content: try JSONDocument.parse(bytes), bytes: bytes)
}

/// Which file a path names.
private func inode(_ path: String) -> UInt {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_ino : 0
}

/// The error that `body` throws.
private func refusal(_ body: () throws -> Void) -> ConfigError? {
    do { try body() } catch { return error as? ConfigError }
    return nil
}

@Suite("A cache of configurations")
struct RemoteConfigCacheTests {
    @Test("gives back what was saved, byte by byte, and nothing when there is no file")
    func roundTrip() throws {
        let folder = try Folder()
        #expect(try folder.cache().load().isEmpty)
        let payloads = [try payload("a", #"{"a": [1, "ä"]}"#, version: 7), try payload("b", "null", version: .max)]
        #expect(try folder.cache().save(payloads))
        let loaded = try folder.cache().load()
        #expect(loaded == payloads)
        #expect(loaded[0].content?.root["a"]?.elements?.map(\.kind) == [.integer, .string])
        #expect(try folder.cache().save([]))
        #expect(try folder.cache().load().isEmpty)
        #expect(folder.names == ["cache"])
    }

    @Test("is written when something has changed, and only then")
    func changes() throws {
        let folder = try Folder()
        let cache = try folder.cache()
        let a = try payload("a", "{}")
        #expect(try cache.save([a]))
        #expect(try !cache.save([a]))
        #expect(try cache.save([try payload("a", "{}", version: 2)]))
        #expect(try cache.save([try payload("a", "[]", version: 2)]))
        #expect(try cache.save([]))
        #expect(try !cache.save([]))
        #expect(try cache.save([a]))
        let other = try folder.cache()
        #expect(try other.load() == [a])
        #expect(try !other.save([a]))
    }

    @Test("is its owner's alone, and one that is not is refused")
    func permissions() throws {
        let folder = try Folder()
        try folder.cache().save([try payload("a", "{}")])
        var status = stat()
        #expect(stat(folder.file, &status) == 0 && status.st_mode & 0o7777 == 0o600)
        for mode: mode_t in [0o640, 0o604, 0o620, 0o602, 0o610] {
            chmod(folder.file, mode)
            let error = refusal { _ = try folder.cache().load() }
            #expect(error?.code == .untrusted)
            let mode = String(mode, radix: 8)
            #expect(error?.description.contains("cache: the cache is not to be trusted: others") == true)
            #expect(error?.description.contains("its mode is 0\(mode), and must be 0600") == true)
        }
        // A save makes it right.
        try folder.cache().save([try payload("b", "{}")])
        #expect(try folder.cache().load().map(\.path.id) == ["b"])
    }

    @Test("of another user is refused, to read and to replace", .enabled(if: geteuid() == 0))
    func owner() throws {
        let folder = try Folder()
        try folder.cache().save([try payload("a", "{}")])
        chown(folder.file, 12_345, gid_t.max)
        #expect(refusal { _ = try folder.cache().load() }?.message.contains("its owner is user 12345") == true)
        #expect(refusal { try folder.cache().save([]) }?.code == .untrusted)
        chown(folder.file, 0, gid_t.max)
        #expect(try folder.cache().load().count == 1)
        // The name beside it, too.
        close(open(folder.file + ".new", O_CREAT | O_WRONLY, 0o666))
        chown(folder.file + ".new", 12_345, gid_t.max)
        #expect(refusal { try folder.cache().save([]) }?.code == .untrusted)
    }

    @Test("that is a link, a folder or a pipe is refused, and nothing behind it is touched")
    func strangeFiles() throws {
        let folder = try Folder()
        let target = folder.path + "/target"
        try "secret".write(toFile: target, atomically: false, encoding: .utf8)
        symlink(target, folder.file)
        #expect(refusal { _ = try folder.cache().load() }?.code == .untrusted)
        #expect(refusal { try folder.cache().save([]) }?.code == .untrusted)
        unlink(folder.file)
        symlink(target, folder.file + ".new")
        #expect(refusal { try folder.cache().save([]) } != nil)
        unlink(folder.file + ".new")
        link(target, folder.file + ".new")
        #expect(refusal { try folder.cache().save([]) }?.code == .untrusted)
        unlink(folder.file + ".new")
        #expect(try String(contentsOfFile: target, encoding: .utf8) == "secret")
        mkfifo(folder.file, 0o600)
        #expect(refusal { _ = try folder.cache().load() }?.code == .untrusted)
        unlink(folder.file)
        mkdir(folder.file, 0o700)
        #expect(refusal { _ = try folder.cache().load() }?.code == .untrusted)
        #expect(refusal { try folder.cache().save([]) }?.code == .untrusted)
        #expect(refusal { _ = try RemoteConfigCache(path: "cache", identity: identity) }?.code == .badPath)
        #expect(refusal { _ = try RemoteConfigCache(path: "/tmp/", identity: identity) }?.code == .badPath)
        let lost = try RemoteConfigCache(path: folder.path + "/none/cache", identity: identity)
        #expect(try lost.load().isEmpty)
        #expect(refusal { try lost.save([]) }?.code == .system)
    }

    @Test("of another service or environment is refused, and replaced")
    func identities() throws {
        let folder = try Folder()
        try folder.cache().save([try payload("a", "{}")])
        for other in [
            CacheIdentity(service: "shop", environment: "prod"), CacheIdentity(service: "Shop", environment: "ci"),
            CacheIdentity(service: "sho", environment: "pci"),
        ] {
            let error = refusal { _ = try folder.cache(other).load() }
            #expect(error?.code == .payload && error?.message.contains("service \"shop\" in \"ci\"") == true)
        }
        let other = try folder.cache(CacheIdentity(service: "other", environment: "ci"))
        _ = refusal { _ = try other.load() }
        #expect(try other.save([]))
        #expect(try other.load().isEmpty)
    }

    @Test("that was cut anywhere, or in which any bit has changed, is refused, and so is one with more behind it")
    func damage() throws {
        let format = CacheFormat(identity: identity, limits: RemoteConfigLimits())
        let whole = format.bytes(of: [try payload("a", #"{"a":1}"#), try payload("b", "[]")])
        #expect(try format.payloads(in: whole).count == 2)
        for count in 0..<whole.count {
            #expect(refusal { _ = try format.payloads(in: Array(whole.prefix(count))) }?.code == .payload, "\(count)")
        }
        for bit in 0..<whole.count * 8 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(refusal { _ = try format.payloads(in: bytes) }?.code == .payload, "\(bit)")
        }
        #expect(refusal { _ = try format.payloads(in: whole + [0]) }?.code == .payload)
    }

    @Test("with a right digest and wrong parts is refused as well")
    func forged() throws {
        let format = CacheFormat(identity: identity, limits: RemoteConfigLimits())
        let body = Array(format.bytes(of: [try payload("a", #"{"a":1}"#)]).dropLast(32))
        for place in 10..<body.count {
            for byte in [0, 0xFF, body[place] &+ 1] where byte != body[place] {
                var forged = body
                forged[place] = byte
                let result = try? format.payloads(in: forged + SHA256.digest(of: forged).bytes)
                // What can be read is a configuration all the same: its path or version is another.
                #expect(result.map { $0.allSatisfy { $0.bytes == Array(#"{"a":1}"#.utf8) } } ?? true)
            }
        }
        let shorter = Array(body.dropLast())
        #expect(refusal { _ = try format.payloads(in: shorter + SHA256.digest(of: shorter).bytes) } != nil)
    }

    @Test("keeps to its limits, at and past them; what was there before stays")
    func limits() throws {
        let folder = try Folder()
        var limits = RemoteConfigLimits()
        limits.configurations = 2
        let cache = try folder.cache(limits: limits)
        let three = [try payload("a", "{}"), try payload("b", "{}"), try payload("c", "{}")]
        #expect(try cache.save(Array(three.prefix(2))))
        #expect(refusal { try cache.save(three) }?.code == .limit)
        #expect(try cache.load().count == 2)
        try folder.cache().save(three)
        #expect(refusal { _ = try cache.load() }?.code == .limit)
        // One byte more than a file may have, and as many as it may.
        truncate(folder.file, 0)
        truncate(folder.file, RemoteConfigCache.maximumBytes + 1)
        #expect(refusal { _ = try cache.load() }?.code == .limit)
        truncate(folder.file, RemoteConfigCache.maximumBytes)
        #expect(refusal { _ = try cache.load() }?.code == .payload)
    }

    @Test("is whole after a process that writes it was killed, whenever that was")
    func killed() throws {
        let folder = try Folder()
        let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
        let line = try #require(maps.split(separator: "\n").first { $0.hasSuffix("PackageTests.xctest") })
        let program = URL(fileURLWithPath: String(line[line.firstIndex(of: "/")!...])).deletingLastPathComponent()
            .appendingPathComponent("SavingCache")
        var random = SplitMix(seed: 3)
        for _ in 0..<20 {
            let process = Process()
            process.executableURL = program
            process.arguments = [folder.file]
            let before = inode(folder.file)
            try process.run()
            // Until it has written once; then it writes without a pause.
            var tries = 0
            while inode(folder.file) == before, tries < 10_000 {
                usleep(1_000)
                tries += 1
            }
            usleep(UInt32.random(in: 0...20_000, using: &random))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let payloads = try folder.cache().load()
            let version = try #require(payloads.first?.metadata.version)
            #expect(payloads.count == 20)
            #expect(payloads.allSatisfy { $0.content?.root["n"]?.integer == Int64(version) })
        }
        #expect(Set(folder.names).isSubset(of: ["cache", "cache.new"]))
    }
}
