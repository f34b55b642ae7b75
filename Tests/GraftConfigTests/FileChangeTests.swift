// How files come, change and go under a file source, and what it says of it.

import Foundation
import GraftTestKit
import Testing

@testable import GraftConfig

@Suite struct FileChangeTests {
    @Test("a file is an update at the first poll, and its path is absolute")
    func readsAtFirst() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let stage = try Stage(scratch, "a.json")
        #expect(
            stage.poll() == [
                .update(
                    ConfigUpdate(
                        path: scratch.at("a.json"), version: 1, sequence: 1, content: .payload(Array("[1]".utf8))))
            ])
        #expect(stage.poll().isEmpty)
    }

    @Test("a directory's payloads are those whose names end in .json and are not hidden, in the order of their names")
    func choosesPayloads() throws {
        let scratch = try Scratch()
        for name in ["b.json", "a.json", "B.json", ".c.json", "d.txt", "e.json~", ".json", "f.json.swp"] {
            try scratch.write(name, "[1]")
        }
        #expect(brief(try Stage(scratch).poll()) == ["B.json v1 #1 [1]", "a.json v1 #2 [1]", "b.json v1 #3 [1]"])
    }

    @Test("a file that is replaced by a rename is an update at once")
    func seesReplacement() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        for stage in [try Stage(scratch, "a.json"), try Stage(scratch)] {
            try scratch.replace("a.json", "[1]")
            #expect(brief(stage.poll()) == ["a.json v1 #1 [1]"])
            try scratch.replace("a.json", "[2]")
            #expect(brief(stage.poll()) == ["a.json v2 #2 [2]"])
        }
    }

    @Test("a file that is truncated and written again in place is an update, also of the same length at the same time")
    func seesRewriting() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let stage = try Stage(scratch, "a.json")
        #expect(brief(stage.poll()) == ["a.json v1 #1 [1]"])
        for round in 2...9 {
            try scratch.write("a.json", "[\(round)]")
            #expect(brief(stage.poll()) == ["a.json v\(round) #\(round) [\(round)]"])
        }
    }

    @Test("the same content again is no update, however it was written")
    func ignoresSameContent() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let stage = try Stage(scratch)
        #expect(stage.poll().count == 1)
        try scratch.write("a.json", "[1]")
        #expect(stage.settle().isEmpty)
        try scratch.replace("a.json", "[1]")
        #expect(stage.settle().isEmpty)
        try scratch.permit("a.json", 0o600)
        #expect(stage.settle().isEmpty)
    }

    @Test("a half-written file is not spoken of while it is being completed")
    func waitsForHalfWrittenFiles() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let stage = try Stage(scratch)
        #expect(stage.poll().count == 1)
        try scratch.write("a.json", "[2, ")
        #expect(stage.poll().isEmpty)
        stage.clock.advance(milliseconds: 150)
        try scratch.write("a.json", "[2, 3")
        #expect(stage.poll().isEmpty)
        stage.clock.advance(milliseconds: 150)
        #expect(stage.poll().isEmpty)
        try scratch.write("a.json", "[2, 3]")
        #expect(brief(stage.poll()) == ["a.json v2 #2 [2, 3]"])
        #expect(stage.settle().isEmpty)
    }

    @Test("a bad file is spoken of when it has been the same for 200 ms, once, with path, line and column")
    func reportsBadFiles() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let stage = try Stage(scratch)
        #expect(stage.poll().count == 1)
        try scratch.write("a.json", "{\n  \"targets\": [\"x\" \"y\"]\n}")
        #expect(stage.poll().isEmpty)
        stage.clock.advance(milliseconds: UInt64(FileConfigSource.settlingMilliseconds) - 1)
        #expect(stage.poll().isEmpty)
        stage.clock.advance(milliseconds: 1)
        guard case .problem(let error)? = stage.poll().first else {
            Issue.record("no problem was reported")
            return
        }
        let expected = "\(scratch.at("a.json")):2:19: at $.targets: a comma or ']' is expected"
        #expect(error.description == expected)
        #expect(stage.settle().isEmpty)
        try scratch.write("a.json", "[1,]")
        #expect(brief(stage.settle()) == ["a.json json-syntax 1:4"])
        try scratch.write("a.json", "[2]")
        #expect(brief(stage.settle()) == ["a.json v2 #2 [2]"])
    }

    @Test("the same bad file written again is not spoken of again, and the old content clears it")
    func clearsProblems() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let stage = try Stage(scratch)
        #expect(stage.poll().count == 1)
        try scratch.write("a.json", "")
        #expect(brief(stage.settle()) == ["a.json json-syntax 1:1"])
        try scratch.replace("a.json", "")
        #expect(stage.settle().isEmpty)
        try scratch.replace("a.json", "[1]")
        #expect(brief(stage.settle()) == ["a.json cleared"])
        try scratch.write("a.json", "")
        #expect(brief(stage.settle()) == ["a.json json-syntax 1:1"])
        try scratch.remove("a.json")
        #expect(brief(stage.settle()) == ["a.json v2 #2 removed"])
    }

    @Test("a bad file that was never good is forgotten with its file")
    func forgetsBadFiles() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "x")
        let stage = try Stage(scratch)
        #expect(brief(stage.settle()) == ["a.json json-syntax 1:1"])
        try scratch.remove("a.json")
        #expect(brief(stage.settle()) == ["a.json cleared"])
        #expect(stage.settle().isEmpty)
    }

    @Test("a removal is an update when it has lasted, and the versions go on when the file is back")
    func seesRemoval() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        for stage in [try Stage(scratch, "a.json"), try Stage(scratch)] {
            #expect(stage.poll().count == 1)
            try scratch.remove("a.json")
            #expect(stage.poll().isEmpty)
            #expect(brief(stage.settle()) == ["a.json v2 #2 removed"])
            #expect(stage.settle().isEmpty)
            try scratch.write("a.json", "[1]")
            #expect(brief(stage.settle()) == ["a.json v3 #3 [1]"])
        }
    }

    @Test("a file that an editor removes and creates again was never gone")
    func bridgesShortAbsence() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let stage = try Stage(scratch)
        #expect(stage.poll().count == 1)
        try scratch.move("a.json", "a.json~")
        #expect(stage.poll().isEmpty)
        stage.clock.advance(milliseconds: 100)
        try scratch.write("a.json", "[2]")
        #expect(brief(stage.settle()) == ["a.json v2 #2 [2]"])
    }

    @Test("a path of which nothing exists yet is waited for, directory by directory")
    func waitsForCreation() throws {
        let scratch = try Scratch()
        let stage = try Stage(scratch, "x/y/a.json")
        #expect(brief(stage.settle()) == ["a.json missing"])
        try scratch.directory("x")
        #expect(stage.settle().isEmpty)
        try scratch.directory("x/y")
        #expect(stage.settle().isEmpty)
        try scratch.write("x/y/a.json", "[1]")
        #expect(brief(stage.poll()) == ["a.json v1 #1 [1]"])
    }

    @Test("a directory on the way that is moved away and back, or made anew, is followed")
    func followsAncestors() throws {
        let scratch = try Scratch()
        try scratch.directory("x/y/z")
        try scratch.write("x/y/z/a.json", "[1]")
        let stage = try Stage(scratch, "x/y/z/a.json")
        #expect(stage.settle().count == 1)
        try scratch.move("x", "old")
        #expect(brief(stage.settle()) == ["a.json v2 #2 removed"])
        try scratch.write("old/y/z/a.json", "[2]")
        #expect(stage.settle().isEmpty)
        try scratch.move("old", "x")
        #expect(brief(stage.settle()) == ["a.json v3 #3 [2]"])
        try scratch.remove("x")
        try scratch.directory("x/y/z")
        try scratch.write("x/y/z/a.json", "[3]")
        #expect(brief(stage.settle()) == ["a.json v4 #4 [3]"])
        try scratch.replace("x/y/z/a.json", "[4]")
        #expect(brief(stage.settle()) == ["a.json v5 #5 [4]"])
    }

    @Test("a file may become a directory of files, and a directory a file")
    func changesShape() throws {
        let scratch = try Scratch()
        try scratch.write("c", "[0]")
        let stage = try Stage(scratch, "c")
        #expect(brief(stage.settle()) == ["c v1 #1 [0]"])
        try scratch.remove("c")
        try scratch.directory("c")
        try scratch.write("c/a.json", "[1]")
        #expect(brief(stage.settle()) == ["a.json v1 #2 [1]", "c v2 #3 removed"])
        try scratch.remove("c")
        try scratch.write("c", "[2]")
        #expect(brief(stage.settle()) == ["c v3 #4 [2]", "a.json v2 #5 removed"])
    }

    @Test("a directory that is removed takes all its payloads away")
    func removesDirectories() throws {
        let scratch = try Scratch()
        try scratch.directory("c")
        try scratch.write("c/a.json", "[1]")
        try scratch.write("c/b.json", "[2]")
        let stage = try Stage(scratch, "c")
        #expect(stage.poll().count == 2)
        try scratch.remove("c")
        #expect(brief(stage.settle()) == ["a.json v2 #3 removed", "b.json v2 #4 removed"])
    }

    @Test("more news than the kernel keeps lose nothing")
    func survivesOverflow() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let stage = try Stage(scratch)
        #expect(stage.poll().count == 1)
        let limit = try Int(
            String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8).dropLast())
        try scratch.write("x", "")
        for _ in 0...((limit ?? 16_384) / 4) {
            try scratch.move("x", "y")
            try scratch.move("y", "x")
        }
        try scratch.write("b.json", "[2]")
        try scratch.remove("a.json")
        #expect(Set(brief(stage.settle() + stage.settle())) == ["b.json v1 #2 [2]", "a.json v2 #3 removed"])
    }

    @Test("others' files in the same directory are none of its business")
    func ignoresOthersFiles() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let stage = try Stage(scratch, "a.json")
        #expect(stage.poll().count == 1)
        for round in 0..<100 { try scratch.write("other-\(round).json", "x") }
        #expect(stage.settle().isEmpty)
    }

    @Test("a relative path is taken from the working directory, and dots and doubled slashes mean nothing")
    func normalisesPaths() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let source = try FileConfigSource(path: "\(scratch.path)//./a.json/")
        #expect(source.path == scratch.at("a.json"))
        #expect(source.poll().count == 1)
        #expect(try FileConfigSource(path: "x.json").path == FileManager.default.currentDirectoryPath + "/x.json")
    }

    @Test(
        "a file that is stamped with a time far away is read like any other",
        arguments: [Int.max / 2, 13_569_465_600, -1])
    func readsOddStamps(seconds: Int) throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let stamp = timespec(tv_sec: seconds, tv_nsec: 0)
        // A file system that cannot hold the time takes the nearest that it can.
        #expect(utimensat(AT_FDCWD, scratch.at("a.json"), [stamp, stamp], 0) == 0)
        let stage = try Stage(scratch)
        #expect(brief(stage.poll()) == ["a.json v1 #1 [1]"])
        #expect(stage.settle().isEmpty)
    }
}
