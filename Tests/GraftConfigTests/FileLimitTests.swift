// The limits of a file source, at the limit and past it.

import Foundation
import Testing

@testable import GraftConfig

@Suite struct FileLimitTests {
    /// A JSON text of exactly `count` bytes.
    private func payload(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: count)
        bytes[0] = UInt8(ascii: "\"")
        bytes[count - 1] = UInt8(ascii: "\"")
        return bytes
    }

    @Test("a directory's files are read to the limit; past it, those in force stay and the first new ones are taken")
    func limitsFiles() throws {
        let scratch = try Scratch()
        let directory = String(scratch.path.split(separator: "/").last ?? "")
        let limit = FileConfigSource.maximumFiles
        for number in 0..<limit { try scratch.write("m\(1_000_000 + number).json", "1") }
        let stage = try Stage(scratch)
        #expect(stage.settle().count == limit)
        try scratch.write("a.json", "2")
        #expect(brief(stage.settle()) == ["\(directory) limit"])
        try scratch.remove("m1000500.json")
        #expect(
            Set(brief(stage.settle())) == [
                "a.json v1 #1025 2", "\(directory) cleared", "m1000500.json v2 #1026 removed",
            ])
    }

    @Test("a file is read to the byte limit and refused one past it")
    func limitsFileBytes() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", payload(FileConfigSource.maximumFileBytes))
        let stage = try Stage(scratch)
        #expect(brief(stage.settle()) == ["a.json v1 #1 16777216 bytes"])
        try scratch.write("a.json", payload(FileConfigSource.maximumFileBytes + 1))
        #expect(brief(stage.settle()) == ["a.json limit"])
    }

    @Test("all files together are read to the byte limit; more is refused until there is room")
    func limitsTotalBytes() throws {
        let scratch = try Scratch()
        let each = FileConfigSource.maximumFileBytes
        let count = FileConfigSource.maximumTotalBytes / each
        for number in 0..<count { try scratch.write("a\(number).json", payload(each)) }
        let stage = try Stage(scratch)
        #expect(stage.settle().count == count)
        try scratch.write("b.json", "1")
        #expect(brief(stage.settle()) == ["b.json limit"])
        try scratch.write("a0.json", payload(each - 1))
        #expect(brief(stage.settle()) == ["a0.json v2 #5 16777215 bytes", "b.json v1 #6 1"])
    }

    @Test("entries are looked at to the limit and no further")
    func limitsEntries() throws {
        let scratch = try Scratch()
        try scratch.write("x", "")
        for number in 1..<FileConfigSource.maximumEntries where link(scratch.at("x"), scratch.at("\(number)")) != 0 {
            // A file system allows only so many links to one file; the next file takes over.
            try scratch.remove("x")
            try scratch.write("x", "")
            #expect(link(scratch.at("x"), scratch.at("\(number)")) == 0)
        }
        // "." and ".." are entries too.
        try scratch.remove("1")
        try scratch.remove("2")
        #expect(try Stage(scratch).settle().isEmpty)
        try scratch.write("y", "")
        let directory = scratch.path.split(separator: "/").last ?? ""
        #expect(brief(try Stage(scratch).settle()) == ["\(directory) limit"])
    }

    @Test("a path is used to the byte limit and refused one past it")
    func limitsPaths() throws {
        let limit = FileConfigSource.maximumPathBytes
        func path(_ count: Int) -> String {
            "/" + String(repeating: "nowhere/", count: 600).prefix(count - 1)
        }
        #expect(path(limit).utf8.count == limit && !path(limit).hasSuffix("/"))
        _ = try FileConfigSource(path: path(limit))
        #expect(throws: ConfigError.self) { try FileConfigSource(path: path(limit + 1)) }
        #expect(throws: ConfigError.self) { try FileConfigSource(path: "") }
        #expect(throws: ConfigError.self) { try FileConfigSource(path: "/tmp/a\0b") }
    }

    @Test("a path that becomes too long through links is refused")
    func limitsResolvedPaths() throws {
        let scratch = try Scratch()
        let long = String(repeating: "d", count: 200)
        var deep = ""
        for _ in 0..<19 {
            deep += "\(long)/"
            try scratch.directory(deep)
        }
        try scratch.link("short", to: String(deep.dropLast()))
        #expect(brief(try Stage(scratch, "short/\(long)/a.json").settle()) == ["a.json missing"])
        #expect(brief(try Stage(scratch, "short/\(long)/\(long)/a.json").settle()) == ["a.json missing"])
        try scratch.link("up", to: "short/\(long)")
        let tooLong = "short/" + String(repeating: "e", count: 255) + "/a.json"
        let stage = try Stage(scratch, tooLong)
        #expect(brief(stage.settle()) == ["a.json limit"])
    }

    @Test("versions never go back, also when more paths were removed than are remembered")
    func limitsMemory() {
        var ledger = VersionLedger()
        #expect(ledger.next("old", isRemoval: false) == 1)
        #expect(ledger.next("old", isRemoval: false) == 2)
        #expect(ledger.next("old", isRemoval: true) == 3)
        for number in 0..<FileConfigSource.maximumRemembered - 1 { _ = ledger.next("p\(number)", isRemoval: true) }
        #expect(ledger.knows("old"))
        _ = ledger.next("last", isRemoval: true)
        #expect(!ledger.knows("old"))
        #expect(ledger.next("old", isRemoval: false) == 4)
        #expect(ledger.next("p1", isRemoval: false) == 2)
    }
}
