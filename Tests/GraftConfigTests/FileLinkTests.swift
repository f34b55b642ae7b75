// Symbolic links on the way to a payload, as Kubernetes and deployment tools swap them.

import Foundation
import Testing

@testable import GraftConfig

@Suite struct FileLinkTests {
    /// Lays out a volume as Kubernetes does: `a.json -> ..data/a.json`, `..data -> ..version`.
    private func volume(_ scratch: Scratch, _ version: String, _ contents: [String: String]) throws {
        try scratch.directory("..\(version)")
        for (name, text) in contents { try scratch.write("..\(version)/\(name)", text) }
        try scratch.link("..data", to: "..\(version)")
    }

    @Test("a configuration map that is swapped is an update for each file that changed")
    func followsConfigMaps() throws {
        let scratch = try Scratch()
        try volume(scratch, "1", ["a.json": "[1]", "b.json": "[1]"])
        for name in ["a.json", "b.json"] { try scratch.link(name, to: "..data/\(name)") }
        let directory = try Stage(scratch)
        let file = try Stage(scratch, "a.json")
        #expect(brief(directory.poll()) == ["a.json v1 #1 [1]", "b.json v1 #2 [1]"])
        #expect(brief(file.poll()) == ["a.json v1 #1 [1]"])
        try volume(scratch, "2", ["a.json": "[2]", "b.json": "[1]"])
        try scratch.remove("..1")
        #expect(brief(directory.settle()) == ["a.json v2 #3 [2]"])
        #expect(brief(file.settle()) == ["a.json v2 #2 [2]"])
        try volume(scratch, "3", ["b.json": "[3]"])
        #expect(brief(directory.settle()) == ["b.json v2 #4 [3]", "a.json v3 #5 removed"])
        #expect(brief(file.settle()) == ["a.json v3 #3 removed"])
    }

    @Test("what a link leads to is watched where it lies")
    func watchesTargets() throws {
        let scratch = try Scratch()
        try scratch.directory("real")
        try scratch.directory("conf")
        try scratch.write("real/t.json", "[1]")
        try scratch.link("conf/a.json", to: "../real/t.json")
        let stage = try Stage(scratch, "conf")
        #expect(brief(stage.poll()) == ["a.json v1 #1 [1]"])
        try scratch.write("real/t.json", "[2]")
        #expect(brief(stage.poll()) == ["a.json v2 #2 [2]"])
        try scratch.replace("real/t.json", "[3]")
        #expect(brief(stage.poll()) == ["a.json v3 #3 [3]"])
        try scratch.remove("real/t.json")
        #expect(brief(stage.settle()) == ["a.json v4 #4 removed"])
        try scratch.write("real/t.json", "[4]")
        #expect(brief(stage.poll()) == ["a.json v5 #5 [4]"])
    }

    @Test("a link in the middle of the path may be swapped, absolute or relative")
    func followsDirectoryLinks() throws {
        let scratch = try Scratch()
        for version in ["v1", "v2", "v3"] {
            try scratch.directory("releases/\(version)/etc")
            try scratch.write("releases/\(version)/etc/a.json", "[\"\(version)\"]")
        }
        try scratch.link("current", to: "releases/v1")
        let stage = try Stage(scratch, "current/etc/a.json")
        #expect(brief(stage.poll()) == ["a.json v1 #1 [\"v1\"]"])
        try scratch.link("current", to: scratch.at("releases/v2"))
        #expect(brief(stage.poll()) == ["a.json v2 #2 [\"v2\"]"])
        try scratch.link("current", to: "./releases/../releases//v3/")
        #expect(brief(stage.poll()) == ["a.json v3 #3 [\"v3\"]"])
        try scratch.write("releases/v1/etc/a.json", "[\"old\"]")
        #expect(stage.settle().isEmpty)
    }

    @Test("links are followed to the limit, and one more is refused")
    func limitsLinks() throws {
        let scratch = try Scratch()
        try scratch.write("l0", "[1]")
        for number in 1...FileConfigSource.maximumLinks + 1 { try scratch.link("l\(number)", to: "l\(number - 1)") }
        #expect(try Stage(scratch, "l\(FileConfigSource.maximumLinks)").settle().count == 1)
        #expect(brief(try Stage(scratch, "l\(FileConfigSource.maximumLinks + 1)").settle()) == ["l41 limit"])
        try scratch.link("loop", to: "loop")
        #expect(brief(try Stage(scratch, "loop").settle()) == ["loop limit"])
    }

    @Test("a link that leads nowhere is waited for")
    func waitsForTargets() throws {
        let scratch = try Scratch()
        try scratch.link("a.json", to: "later/t.json")
        let stage = try Stage(scratch)
        #expect(brief(stage.settle()) == ["a.json missing"])
        try scratch.directory("later")
        try scratch.write("later/t.json", "[1]")
        #expect(brief(stage.settle()) == ["a.json v1 #1 [1]"])
    }
}
