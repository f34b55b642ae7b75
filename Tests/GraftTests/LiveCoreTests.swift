// LiveCoreTests: start and stop, the log, symbols, explanations.

import Foundation
import Graft
import Testing

extension Live {
    @Suite("The core")
    struct CoreTests {
        @Test("is counted: the last stop removes everything")
        func counted() throws {
            let first = try Instrumentation.start()
            let second = try Instrumentation.start()
            let request = ProbeRequest(target: try Target(":victim_add"), mode: .count)
            #expect(first.apply([.install(request)]).map(\.state) == [.installed])
            let calls = Seen(0)
            let inside = ProbeRequest(target: try Target(":victim_busy"), mode: .entry) { _ in
                first.stop()
                calls.change { $0 += 1 }
            }
            let probe = try #require(first.apply([.install(inside)]).first?.probe)
            _ = victimBusy(1)
            #expect(calls.value == 1)
            #expect(first.apply([.remove(probe)]).map(\.error) == [nil])
            first.stop()
            first.stop()
            #expect(first.apply([.install(request)]).map { $0.error?.code } == [.notStarted])
            #expect(try second.snapshot().counters.active == 1)
            second.stop()
            #expect(throws: GraftError.self) { try second.snapshot() }
            let third = try Instrumentation.start()
            defer { third.stop() }
            #expect(try third.snapshot().probes == [])
        }

        @Test("tells its log about changes, and never about hits")
        func log() throws {
            let lines = Seen<[String]>([])
            let core = try Instrumentation.start { line in lines.change { $0.append(line) } }
            let request = ProbeRequest(target: try Target(":victim_add"), mode: .count)
            let probe = try #require(core.apply([.install(request)]).first?.probe)
            let count = lines.value.count
            #expect(count > 0)
            #expect(lines.value.contains { $0.contains("victim_add") })
            for _ in 0..<1_000 { _ = victimAdd(1, 2, 3) }
            #expect(lines.value.count == count)
            _ = core.apply([.remove(probe)])
            #expect(lines.value.count > count)
            core.stop()
        }

        @Test("symbolises addresses, and no others")
        func symbolise() throws {
            let core = try Instrumentation.start()
            defer { core.stop() }
            #expect(core.symbolise(16) == nil)
        }
    }

    @Suite("An explanation")
    struct ExplainTests {
        /// The path of the C library.
        private func library() throws -> String {
            // Read to its end: the system states no size for it.
            let handle = try #require(FileHandle(forReadingAtPath: "/proc/self/maps"))
            let maps = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
            let line = try #require(maps.split(separator: "\n").first { $0.hasSuffix("/libc.so.6") })
            return String(line[try #require(line.firstIndex(of: "/"))...])
        }

        @Test("covers the functions of a file that match, with progress")
        func matching() throws {
            var names: [String] = []
            var last = Progress(done: 0, total: 0)
            try explain(path: try library(), pattern: "getp*d") { explanation, progress in
                names.append(explanation.entry.symbol)
                #expect(progress.done <= progress.total && progress.done >= last.done)
                #expect((explanation.tactic == .refused) == (explanation.reason != nil))
                last = progress
                return true
            }
            #expect(names.contains { $0.contains("getppid") })
        }

        @Test("stops when it is told to")
        func stopping() throws {
            var count = 0
            try explain(path: try library()) { _, _ in
                count += 1
                return count < 5
            }
            #expect(count == 5)
        }

        @Test("fails with the path and the system's reason")
        func missing() throws {
            let error = try #require(throws: GraftError.self) {
                try explain(path: "/does/not/exist") { _, _ in true }
            }
            #expect(error.place == .path("/does/not/exist"))
            #expect(error.code == .os)
            #expect(error.message == "No such file or directory")
            let text = try #require(throws: GraftError.self) { try explain(path: #filePath) { _, _ in true } }
            #expect(text.code == .badImage)
        }
    }
}
