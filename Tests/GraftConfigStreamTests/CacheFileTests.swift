// CacheFileTests: the file of the last configuration: what it keeps, what it refuses, and what a killed process leaves.

import Foundation
import GraftTestKit
import Testing

@testable import GraftConfigStream

@Suite("A file of the last configuration") struct CacheFileTests {
    @Test("gives back what was saved, whatever its kind, and nothing when there is no file")
    func roundTrip() throws {
        let folder = try CacheFolder()
        #expect(try folder.cache().load() == nil)
        var configuration = cached([
            "null": .null, "yes": .bool(true), "whole": .number(9_007_199_254_740_992), "large": .number(1e300),
            "part": .number(-0.1), "text": .string("a \"line\"\n\u{1}\\ä\u{1F600}"), "empty": .string(""),
            "list": .list([.number(1), .list([]), .string("x")]), "map": .map(["a.b": .map([:]), "": .bool(false)]),
            "dots.https://x.y/z": .string("1"), "": .string("no name"),
        ])
        configuration.settings.append(StreamSetting(key: "yes", source: "somebody", value: .bool(false)))
        try folder.cache().save(configuration)
        #expect(try folder.cache().load() == configuration)
        #expect(folder.names == ["config"])
        #expect(folder.text.hasPrefix(#"{"format":"graft-stream-cache","version":1,"origin":"datadog.yaml","#))
        try folder.cache().save(cached([:], sequence: .min))
        #expect(try folder.cache().load() == cached([:], sequence: .min))
    }

    @Test("holds no secrets, and says how many it does not hold")
    func secrets() throws {
        let folder = try CacheFolder()
        let secret = StreamValue.string("HIDDEN")
        var configuration = cached([
            "api_key": secret, "DD_Api_Key": secret, "logs_config.additional_endpoints.https://a.b": .list([secret]),
            "auth_token": secret, "proxy.https": .string("http://user:HIDDEN@proxy:3128"),
            "apm_config": .map([
                "enabled": .bool(true), "app_key": secret, "deep": .list([.map(["db_Password": secret, "a": .null])]),
            ]),
            "json": .string(#" {"a":[{"apikey":"HIDDEN"}]}"#), "nearly": .string(#"{"secret":HIDDEN}"#),
            "my.license": secret, "site": .string("https://x.y/?a=b@c"), "targets": .string(#"["lib:token"]"#),
            "http": .string("HIDDEN://no@"),
        ])
        // The store of secrets has set it: what the file says, a handle, would be in force in its stead.
        configuration.settings += [
            StreamSetting(key: "Vault", source: "file", value: .string("ENC[HIDDEN]")),
            StreamSetting(key: "vault", source: "secret", value: secret),
        ]
        try folder.cache(adding: ["License", ""]).save(configuration)
        #expect(!folder.text.contains("HIDDEN"))
        let loaded = try #require(try folder.cache().load())
        #expect(
            Set(loaded.settings.map(\.key)) == ["apm_config", "site", "targets"])
        #expect(
            loaded.settings.first { $0.key == "apm_config" }?.value
                == .map(["enabled": .bool(true), "deep": .list([.map(["a": .null])])]))
        #expect(loaded.withheld == 13)
        #expect(StreamSecrets.usualPatterns == StreamSecrets.usualPatterns.map { $0.lowercased() })
        // Each of the usual patterns, alone, at both ends of a name.
        for pattern in StreamSecrets.usualPatterns {
            for name in [pattern, "a.\(pattern.uppercased())", "\(pattern)_b"] {
                try folder.cache().save(cached([name: secret]))
                #expect(try folder.cache().load()?.withheld == 1, "\(name)")
            }
            let almost = String(pattern.dropLast()) + "_"
            #expect(StreamSecrets(adding: []).withhold(from: cached([almost: .null]).settings).withheld == 0)
        }
    }

    @Test("is its owner's alone, and one that is not is refused, with its path")
    func permissions() throws {
        let folder = try CacheFolder()
        try folder.cache().save(cached(["a": .null]))
        var status = stat()
        #expect(stat(folder.file, &status) == 0 && status.st_mode & 0o7777 == 0o600)
        for mode: mode_t in [0o640, 0o604, 0o620, 0o602, 0o610] {
            chmod(folder.file, mode)
            let error = refusal { _ = try folder.cache().load() }
            #expect(error?.code == .cache)
            #expect(error?.message.hasPrefix("\(folder.file): the cache is not to be trusted: others") == true)
        }
        // A save makes it right.
        try folder.cache().save(cached(["b": .null]))
        #expect(try folder.cache().load()?.settings.map(\.key) == ["b"])
        let lost = try StreamCacheFile(path: folder.path + "/none/config")
        #expect(try lost.load() == nil)
        #expect(refusal { try lost.save(cached([:])) }?.message.contains("/none/config: ") == true)
        for path in ["config", "/tmp/", "/tmp/a\0b"] {
            #expect(refusal { _ = try StreamCacheFile(path: path) }?.code == .cache)
        }
    }

    @Test("of another user is refused, to read and to replace", .enabled(if: geteuid() == 0))
    func owner() throws {
        let folder = try CacheFolder()
        try folder.cache().save(cached(["a": .null]))
        chown(folder.file, 12_345, gid_t.max)
        #expect(refusal { _ = try folder.cache().load() }?.message.contains("its owner is user 12345") == true)
        #expect(refusal { try folder.cache().save(cached([:])) }?.message.contains("its owner is user 12345") == true)
    }

    @Test("that was cut anywhere, or in which any bit has changed, is refused, and so is one with more behind it")
    func damage() throws {
        let format = StreamCacheFormat(bytesMax: 1 << 20, settingsMax: 100)
        func load(_ bytes: [UInt8]) -> StreamError? {
            refusal {
                do { _ = try StreamCacheParser.configuration(in: bytes, format) } catch {
                    throw StreamError(.cache, "\(error)")
                }
            }
        }
        let whole = try format.bytes(of: cached(["a": .string("ä"), "b": .list([.number(1.5)])]))
        #expect(load(whole) == nil)
        for count in 0..<whole.count { #expect(load(Array(whole.prefix(count))) != nil, "\(count)") }
        for bit in 0..<whole.count * 8 {
            var bytes = whole
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(load(bytes) != nil, "\(bit)")
        }
        #expect(load(whole + [0]) != nil && load(whole + [10]) != nil && load(whole + whole) != nil)
    }

    @Test("is refused with line and column of what is wrong in it")
    func places() throws {
        let folder = try CacheFolder()
        func refused(_ header: String, _ lines: [String] = []) -> String {
            let body = Array(([header] + lines).map { $0 + "\n" }.joined().utf8)
            folder.write(body + StreamCacheFormat.digestLine(of: body[...]))
            return refusal { _ = try folder.cache().load() }.map { $0.message.replacing(folder.file, with: "F") }
                ?? "taken"
        }
        func header(_ version: String = "1", settings: String = "1", sequence: String = "1") -> String {
            #"{"format":"graft-stream-cache","version":\#(version),"origin":"o","sequence":\#(sequence),"#
                + #""saved_ns":0,"settings":\#(settings),"withheld":0}"#
        }
        let good = #"["a","file",1]"#
        #expect(refused(header(), [good]) == "taken")
        #expect(
            refused(header("2"), [good]).hasPrefix(
                "F:1:42: at $.version: the file has version 2, and this release reads"))
        #expect(
            refused("{}")
                == "F:1:1: at $: this is no file of the last configuration: its format is not \"graft-stream-cache\"")
        #expect(refused("[").hasPrefix("F:1:2: at $"))
        #expect(
            refused(header(sequence: "2147483648"), [good]).contains(
                "at $.sequence: \"sequence\" is not a whole number of 32 bits"))
        #expect(refused(header(settings: "2"), [good]) == "F:1:1: at $: 1 settings, where the first line says 2")
        #expect(refused(header(settings: "-1")) == "F:1:1: at $: 0 settings, where the first line says -1")
        #expect(refused(header(), [good, good]) == "F:3:1: at $: more settings than the 1 that the first line says")
        #expect(refused(header(), [#"["a",{"x":1 2}]"#]).hasPrefix("F:2:13: at $[1]"))
        #expect(refused(header(), [#"["a",1,1]"#]) == "F:2:1: at $: a line is [key, source, value]")
        #expect(refused(header(), [""]).hasPrefix("F:2:1: at $"))
        folder.write(Array(header().utf8))
        #expect(
            refusal { _ = try folder.cache().load() }?.message.contains("the file was cut: its end is not a digest")
                == true)
    }

    @Test("keeps to its limits, at and past them, and what was there stays")
    func limits() throws {
        let folder = try CacheFolder()
        let two = cached(["a": .null, "b": .null])
        try folder.cache(settings: 2).save(two)
        #expect(try folder.cache(settings: 2).load() == two)
        #expect(
            refusal { try folder.cache(settings: 1).save(two) }?.message.hasSuffix("a cache has at most 1 settings")
                == true)
        #expect(refusal { _ = try folder.cache(settings: 1).load() }?.message.hasSuffix("at most 1 settings") == true)
        let size = folder.bytes.count
        try folder.cache(bytes: size).save(two)
        #expect(try folder.cache(bytes: size).load() == two)
        #expect(
            refusal { try folder.cache(bytes: size - 1).save(two) }?.message.hasSuffix("at most \(size - 1) bytes")
                == true)
        #expect(
            refusal { _ = try folder.cache(bytes: size - 1).load() }?.message.hasSuffix("at most \(size - 1) bytes")
                == true)
        #expect(try folder.cache().load() == two)
        for bytes in [0, StreamCacheFile.maximumBytes + 1] {
            #expect(refusal { _ = try folder.cache(bytes: bytes) } != nil)
        }
        for count in [0, StreamCacheFile.maximumSettings + 1] {
            #expect(refusal { _ = try folder.cache(settings: count) } != nil)
        }
        _ = try folder.cache(bytes: 1, settings: 1)
        // Depth: as much as can be read again, and one more.
        func nested(_ depth: Int) -> StreamValue { (0..<depth).reduce(.null) { value, _ in .list([value]) } }
        try folder.cache().save(cached(["a": nested(StreamCacheFormat.depth)]))
        #expect(try folder.cache().load()?.settings.first?.value == nested(StreamCacheFormat.depth))
        let deep = refusal { try folder.cache().save(cached(["a": nested(StreamCacheFormat.depth + 1)])) }
        #expect(deep?.message.contains("the value of \"a\" cannot be written") == true)
        // Values of one setting, names counted, the map being one.
        let few = StreamCacheFormat(bytesMax: 1 << 20, settingsMax: 1, valuesMax: 5)
        let five = cached(["a": .map(["x": .null, "y": .null])])
        #expect(try StreamCacheParser.configuration(in: few.bytes(of: five), few) == five)
        #expect(throws: (any Error).self) { try few.bytes(of: cached(["a": .map(["x": .null, "y": .list([.null])])])) }
        let more = StreamCacheFormat(bytesMax: 1 << 20, settingsMax: 1, valuesMax: 4)
        #expect(throws: (any Error).self) { try more.bytes(of: five) }
        #expect(throws: (any Error).self) { try StreamCacheParser.configuration(in: few.bytes(of: five), more) }
    }

    @Test("is whole after a process that writes it was killed, whenever that was")
    func killed() throws {
        let folder = try CacheFolder()
        let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
        let line = try #require(maps.split(separator: "\n").first { $0.hasSuffix("PackageTests.xctest") })
        let program = URL(fileURLWithPath: String(line[line.firstIndex(of: "/")!...])).deletingLastPathComponent()
            .appendingPathComponent("SavingStreamCache")
        var random = SplitMix(seed: 5)
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
            let loaded = try #require(try folder.cache().load())
            #expect(loaded.settings.count == 200)
            for setting in loaded.settings {
                guard case .map(let map)? = setting.value else { throw StreamError(.cache, "\(setting)") }
                #expect(map["n"] == .number(Double(loaded.sequence)))
            }
        }
        #expect(Set(folder.names).isSubset(of: ["config", "config.new"]))
    }

    /// Which file a path names.
    private func inode(_ path: String) -> UInt {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_ino : 0
    }
}
