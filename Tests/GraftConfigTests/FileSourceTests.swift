// The file source as a source: conformance in every mode, falling back, descriptors, threads.

import Foundation
import GraftTestKit
import Synchronization
import Testing

@testable import GraftConfig

@Suite struct FileSourceTests {
    /// A stage of files in a new directory.
    private func stage(
        inPlace: Bool, settings change: @escaping (inout FileConfigSettings) -> Void = { _ in }
    ) throws -> ConfigSourceStage {
        let scratch = try Scratch()
        var settings = FileConfigSettings()
        change(&settings)
        return ConfigSourceStage(
            open: { [settings] in try FileConfigSource(path: scratch.path, settings: settings) },
            put: { try inPlace ? scratch.write($0, $1) : scratch.replace($0, $1) },
            spoil: { try scratch.write($0, "{") },
            remove: { try scratch.remove($0) },
            path: { scratch.at($0) })
    }

    @Test("it is a source, for files that are written in place and files that are replaced", arguments: [true, false])
    func conforms(inPlace: Bool) throws {
        #expect(try checkConfigSource { try stage(inPlace: inPlace) } == [])
    }

    @Test("it is a source when it looks at intervals")
    func conformsByInterval() throws {
        let violations = try checkConfigSource {
            try stage(inPlace: true) { settings in
                settings.watches = false
                settings.polling = 20 * MonotonicTime.millisecond
                settings.settling = 60 * MonotonicTime.millisecond
            }
        }
        // Looking at intervals means waking for nothing.
        #expect(violations.filter { !$0.contains("for nothing") } == [])
    }

    @Test("without inotify it says so once, looks at intervals, and says when inotify is back")
    func fallsBack() throws {
        let scratch = try Scratch()
        let isBroken = Mutex(true)
        let stage = try Stage(scratch) { settings in
            settings.openInotify = {
                guard isBroken.withLock({ $0 }) else { return Inotify.open() }
                errno = EMFILE
                return -1
            }
        }
        #expect(brief(stage.poll()) == ["source watch-unavailable"])
        try scratch.write("a.json", "[1]")
        #expect(stage.poll().isEmpty)
        stage.clock.advance(milliseconds: UInt64(FileConfigSource.pollingMilliseconds))
        #expect(brief(stage.poll()) == ["a.json v1 #1 [1]"])
        try scratch.write("a.json", "[2]")
        stage.clock.advance(milliseconds: UInt64(FileConfigSource.pollingMilliseconds))
        #expect(brief(stage.poll()) == ["a.json v2 #2 [2]"])
        isBroken.withLock { $0 = false }
        stage.clock.advance(milliseconds: UInt64(FileConfigSource.pollingMilliseconds))
        #expect(brief(stage.poll()) == ["source cleared"])
        try scratch.write("a.json", "[3]")
        #expect(brief(stage.poll()) == ["a.json v3 #3 [3]"])
    }

    @Test("its descriptor wakes a thread that waits for the end of the settling time")
    func wakesToSettle() throws {
        let scratch = try Scratch()
        try scratch.write("a.json", "{")
        let listener = ConfigSourceListener(try FileConfigSource(path: scratch.path))
        let start = ContinuousClock.now
        #expect(listener.listen { !$0.isEmpty })
        #expect(brief(listener.events) == ["a.json json-syntax 1:2"])
        #expect(ContinuousClock.now - start >= .milliseconds(FileConfigSource.settlingMilliseconds))
        #expect(listener.idleWakes <= 3)
    }

    @Test("its descriptors are not inherited, and none is left when it is closed or forgotten")
    func releasesDescriptors() throws {
        let scratch = try Scratch()
        var status = stat()
        stat(scratch.path, &status)
        let mark = "ino:" + String(status.st_ino, radix: 16) + " "
        func watchers() -> Int {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fdinfo")) ?? []
            return names.filter { name in
                guard let info = try? String(contentsOfFile: "/proc/self/fdinfo/\(name)", encoding: .utf8) else {
                    return false
                }
                return info.contains("inotify") && info.contains(mark)
            }.count
        }
        let source = try FileConfigSource(path: scratch.path)
        #expect(source.poll().isEmpty)
        #expect(watchers() == 1)
        #expect(fcntl(source.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        source.close()
        #expect(watchers() == 0)
        do {
            let forgotten = try FileConfigSource(path: scratch.path)
            #expect(forgotten.poll().isEmpty && watchers() == 1)
        }
        #expect(watchers() == 0)
    }

    @Test("threads that poll at the same time divide the events without losing or doubling one")
    func isSafeToShare() throws {
        let scratch = try Scratch()
        let source = try FileConfigSource(path: scratch.path)
        let sequences = Mutex<[UInt64]>([])
        let rounds = 200
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            for round in 0..<rounds {
                if worker == 0 { try? scratch.replace("a.json", "[\(round)]") }
                for case .update(let update) in source.poll() { sequences.withLock { $0.append(update.sequence) } }
            }
        }
        for case .update(let update) in source.poll() { sequences.withLock { $0.append(update.sequence) } }
        let seen = sequences.withLock { $0.sorted() }
        #expect(seen == Array(1...UInt64(max(seen.count, 1))))
    }

    @Test("files that come and go without end leave nothing behind")
    func forgetsWhatIsGone() throws {
        let scratch = try Scratch()
        let stage = try Stage(scratch)
        for round in 0..<50 {
            try scratch.write("f\(round).json", "1")
            _ = stage.settle()
            try scratch.remove("f\(round).json")
            #expect(stage.settle().count == 1)
        }
        #expect(stage.source.trackedCount == 0)
    }

    @Test("under a writer that never pauses only whole contents are handed out, and the last one is in force")
    func survivesBusyWriters() throws {
        let scratch = try Scratch()
        let listener = ConfigSourceListener(try FileConfigSource(path: scratch.path))
        let rounds = 400
        @Sendable func text(_ round: Int) -> String { "[" + String(repeating: "\(round),", count: 2_000) + "\(round)]" }
        let writer = Thread {
            for round in 1...rounds {
                switch round % 4 {
                case 0: try? scratch.replace("a.json", text(round))
                case 1: try? scratch.write("a.json", String(text(round).dropLast(7)))
                case 2: try? scratch.remove("a.json")
                default: try? scratch.write("a.json", text(round))
                }
            }
        }
        writer.start()
        let last = Array(text(rounds).utf8)
        #expect(listener.listen(for: .seconds(20)) { _ in listener.inForce[scratch.at("a.json")] == last })
        #expect(listener.problems.isEmpty)
        for update in listener.updates {
            guard let bytes = update.bytes else { continue }
            let values = Set(try JSONDocument.parse(bytes).root.value.array ?? [])
            #expect(values.count == 1, "two writings were mixed")
        }
        #expect(listener.updates.map(\.sequence) == Array(1...UInt64(listener.updates.count)))
    }
}
