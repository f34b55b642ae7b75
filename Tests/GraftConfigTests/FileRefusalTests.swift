// What a file source refuses to read, with which reason, and that it never waits for what it refuses.

import Foundation
import Testing

@testable import GraftConfig

@Suite struct FileRefusalTests {
    /// Whether the tests may give files away.
    static let isRoot = geteuid() == 0

    /// The message of the only problem among events.
    private func message(_ events: [ConfigEvent]) -> String? {
        guard events.count == 1, case .problem(let error)? = events.first else { return nil }
        return error.message
    }

    @Test("a pipe, a device, a socket and a directory are refused without being opened")
    func refusesWhatIsNotAFile() throws {
        let scratch = try Scratch()
        #expect(mkfifo(scratch.at("pipe.json"), 0o600) == 0)
        try scratch.link("device.json", to: "/dev/full")
        try scratch.directory("directory.json")
        let stage = try Stage(scratch)
        let expected = ["device.json not-a-file", "directory.json not-a-file", "pipe.json not-a-file"]
        #expect(brief(stage.settle()) == expected)
        let start = ContinuousClock.now
        #expect(brief(try Stage(scratch, "pipe.json").settle()) == ["pipe.json not-a-file"])
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test("a file that everybody may write to is refused until that is taken away")
    func refusesWorldWritableFiles() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        try scratch.permit("a.json", 0o666)
        let stage = try Stage(scratch)
        #expect(message(stage.settle())?.contains("everybody may write to the file") == true)
        try scratch.permit("a.json", 0o664)
        #expect(brief(stage.settle()) == ["a.json v1 #1 [1]"])
        try scratch.permit("a.json", 0o602)
        #expect(brief(stage.settle()) == ["a.json untrusted"])
        try scratch.permit("a.json", 0o600)
        #expect(brief(stage.settle()) == ["a.json cleared"])
    }

    @Test(
        "a directory in which everybody may replace files is refused until that is taken away",
        arguments: ["", "a.json"])
    func refusesWorldWritableDirectories(name: String) throws {
        let scratch = try Scratch()
        try scratch.directory("c")
        try scratch.write("c/a.json", "[1]")
        let stage = try Stage(scratch, name.isEmpty ? "c" : "c/\(name)")
        #expect(stage.settle().count == 1)
        try scratch.permit("c", 0o777)
        let told = stage.settle()
        #expect(message(told)?.contains(scratch.at("c")) == true, "\(told)")
        try scratch.permit("c", 0o1777)
        #expect(brief(stage.settle()) == [name.isEmpty ? "c cleared" : "a.json cleared"])
        try scratch.permit("c", 0o777)
        #expect(stage.settle().count == 1)
        try scratch.write("c/a.json", "[2]")
        #expect(stage.settle().isEmpty)
        try scratch.permit("c", 0o755)
        #expect(Set(brief(stage.settle())).isSuperset(of: ["a.json v2 #2 [2]"]))
    }

    @Test("a directory on the way counts as much as the last one")
    func refusesWorldWritableAncestors() throws {
        let scratch = try Scratch()
        try scratch.directory("x/y")
        try scratch.write("x/y/a.json", "[1]")
        try scratch.permit("x", 0o777)
        let stage = try Stage(scratch, "x/y/a.json")
        #expect(brief(stage.settle()) == ["a.json untrusted"])
        try scratch.permit("x", 0o755)
        #expect(brief(stage.settle()) == ["a.json v1 #1 [1]"])
    }

    @Test("a file or link that belongs to somebody else is refused", .enabled(if: isRoot))
    func refusesForeignOwners() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        try scratch.link("b.json", to: "a.json")
        #expect(lchown(scratch.at("b.json"), 12_345, 12_345) == 0)
        let stage = try Stage(scratch)
        #expect(brief(stage.settle()) == ["a.json v1 #1 [1]", "b.json untrusted"])
        #expect(chown(scratch.at("a.json"), 12_345, 0) == 0)
        #expect(message(stage.settle())?.contains("belongs to user 12345") == true)
        #expect(chown(scratch.at("a.json"), 0, 0) == 0)
        #expect(lchown(scratch.at("b.json"), 0, 0) == 0)
        #expect(Set(brief(stage.settle())) == ["a.json cleared", "b.json v1 #2 [1]"])
    }

    @Test("who is trusted follows from owner, permissions and mount")
    func decidesTrust() {
        func status(_ mode: UInt32, owner: UInt32) -> FileStatus {
            FileStatus(device: 1, inode: 1, size: 1, modified: 0, changed: 0, mode: mode, owner: owner)
        }
        for (owner, isTrusted) in [(UInt32(0), true), (1_000, true), (1_001, false), (65_534, false)] {
            #expect((FileTrust.objection(toFile: status(0o100664, owner: owner), user: 1_000) == nil) == isTrusted)
            #expect((FileTrust.objection(toLink: status(0o120777, owner: owner), user: 1_000) == nil) == isTrusted)
        }
        #expect(FileTrust.objection(toFile: status(0o100646, owner: 0), user: 0) != nil)
        for (mode, isReadOnly, isTrusted) in [
            (UInt32(0o40755), false, true), (0o40777, false, false), (0o41777, false, true), (0o40777, true, true),
            (0o40775, false, true),
        ] {
            let objection = FileTrust.objection(toDirectory: status(mode, owner: 7), isReadOnly: { isReadOnly })
            #expect((objection == nil) == isTrusted)
        }
    }

    @Test("a file that may not be read says why", .enabled(if: !isRoot))
    func reportsPermission() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        try scratch.permit("a.json", 0)
        #expect(message(try Stage(scratch).settle())?.contains("Permission denied") == true)
    }

    @Test("a name that is not UTF-8 is reported, and the others are read")
    func reportsBadNames() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "[1]")
        let name = Array(scratch.path.utf8) + [0x2F, 0xFF, 0x2E] + Array("json".utf8) + [0]
        let file = name.map(CChar.init(bitPattern:)).withUnsafeBufferPointer { path in
            path.baseAddress.map { creat($0, 0o600) } ?? -1
        }
        #expect(file >= 0)
        close(file)
        let directory = scratch.path.split(separator: "/").last ?? ""
        #expect(brief(try Stage(scratch).settle()) == ["a.json v1 #1 [1]", "\(directory) bad-path"])
        #expect(unlink(name.map(CChar.init(bitPattern:))) == 0)
    }

    @Test("of two names that Unicode takes for equal, the first is read and the second reported")
    func reportsEqualNames() throws {
        let scratch = try Scratch()
        try scratch.write("e\u{301}.json", "[1]")
        try scratch.write("\u{E9}.json", "[2]")
        let directory = scratch.path.split(separator: "/").last ?? ""
        let stage = try Stage(scratch)
        #expect(brief(stage.settle()) == ["e\u{301}.json v1 #1 [1]", "\(directory) bad-path"])
        #expect(stage.settle().isEmpty)
    }
}
