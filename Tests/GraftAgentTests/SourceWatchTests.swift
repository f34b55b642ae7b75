// SourceWatchTests.swift: the configuration's source in a process that closes and reopens what it likes.

import Foundation
import GraftConfig
import Testing

@testable import GraftAgent

@Suite struct SourceWatchTests {
    private let folder = Folder()
    private var path: String { folder.path + "/payload.json" }

    private func write(_ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// Looks until something has happened, and returns the updates and the problems.
    private func look(_ watch: SourceWatch) -> (updates: [ConfigUpdate], problems: [ConfigError]) {
        var updates: [ConfigUpdate] = [], problems: [ConfigError] = []
        for _ in 0..<100 where updates.isEmpty && problems.isEmpty {
            var waiting = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&waiting, 1, 100)
            _ = watch.look({ updates.append($0) }, problem: { problems.append($0) })
        }
        return (updates, problems)
    }

    @Test func `a payload is handed on, and its problem is kept until it is over`() throws {
        try write(#"{"targets":[]}"#)
        let watch = SourceWatch(path: path)
        #expect(look(watch).updates.map(\.path) == [path])
        try write("{")
        #expect(look(watch).problems.count == 1)
        #expect(watch.problems.count == 1 && watch.problems[0].path == path)
        try write(#"{"targets":["a:b"]}"#)
        #expect(look(watch).updates.count == 1)
        #expect(watch.problems.isEmpty)
    }

    @Test func `a source that cannot be made is a problem, not an end`() {
        let watch = SourceWatch(path: "")
        #expect(watch.descriptor == -1 && watch.problems.count == 1)
        #expect(!watch.look({ _ in }, problem: { _ in }))
    }

    @Test func `its descriptors are out of the way of shells`() throws {
        try write("{}")
        #expect(SourceWatch(path: path).descriptor >= 64)
    }

    @Test func `a descriptor that the host took over is neither read nor closed`() throws {
        try write(#"{"targets":[]}"#)
        let watch = SourceWatch(path: path)
        #expect(look(watch).updates.count == 1)

        var pair: [Int32] = [0, 0]
        #expect(pipe(&pair) == 0)
        let taken = watch.descriptor
        #expect(dup2(pair[0], taken) == taken)
        #expect(Glibc.write(pair[1], "host", 4) == 4)
        // The new source begins anew, and so says again what is in force.
        #expect(look(watch).updates.count == 1)
        #expect(watch.descriptor != taken)
        var bytes = [UInt8](repeating: 0, count: 8)
        #expect(read(taken, &bytes, 8) == 4)
        for number in pair + [taken] { close(number) }
    }

    @Test func `the child of a fork makes a source of its own`() throws {
        try write(#"{"targets":[]}"#)
        let watch = SourceWatch(path: path)
        #expect(look(watch).updates.count == 1)
        watch.followFork()
        #expect(look(watch).updates.count == 1)
    }
}
