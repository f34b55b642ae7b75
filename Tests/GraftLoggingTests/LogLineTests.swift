// LogLineTests: what the core's lines are taken for. The logger itself is used by Tests/Consumers/use-swift-log, since
// swift-log is there with the trait only.

import Foundation
import GraftLogging
import Testing

@Suite("A line of the core's log")
struct LogLineTests {
    @Test(
        "weighs what its beginning says",
        arguments: [
            ("start 0.1.0: success", LogLine.Weight.landmark),
            ("stop", .landmark),
            ("patch: installed victim_add at 0x55d0", .change),
            ("patch: restored victim_add at 0x55d0", .change),
            ("probe 12: libc.so.6:getpid: 1 entry points", .change),
            ("probe 12: removed libc.so.6:getpid", .change),
            ("image loaded: /usr/lib/libpq.so.5", .change),
            ("probe: refused tiny in /bin/app at 0x1000: the function is too short", .refusal),
            ("probe: tripped a:f (probe 7): a call of its handler takes 4000 ns, and may take 1000", .refusal),
            ("patch: f at 0x1000 keeps its jump, which leads straight on: a thread blocks SIGTRAP", .refusal),
            ("stream shop: update 7 dropped: an update with this sequence is already waiting", .refusal),
            ("commit: thread 9 blocks SIGTRAP; f waits", .refusal),
            ("commit: a debugger is attached; f waits", .refusal),
            ("commit: could not undo the change at 0x1000; its traps lead to the relocated code", .problem),
            ("commit: the kernel no longer allows membarrier; bytes are written without it", .problem),
            ("commit: f now needs no trap, while a thread blocks SIGTRAP", .change),
            ("commit: f is changed as at first again", .change),
            ("elf: /bin/app: .gnu_debugdata cannot be read", .refusal),
            ("guard: sigaction is not watched: the function is too short", .problem),
            ("what no one has thought of", .problem),
            ("", .problem),
        ])
    func weight(_ text: String, _ weight: LogLine.Weight) {
        #expect(LogLine(text).weight == weight)
        #expect(LogLine(text).text == text)
    }

    @Test("is not made louder or quieter by the names in it")
    func names() {
        #expect(LogLine("patch: installed could::not(cannot) at 0x10").weight == .change)
        #expect(LogLine("elf: patch: installed : .gnu_debugdata cannot be read").weight == .refusal)
        #expect(LogLine("images: patch: restored is treated as without symbols").weight == .problem)
    }

    @Test(
        "knows who speaks, and of whom",
        arguments: [
            ("probe 12: removed libc.so.6:getpid", "probe", "12"),
            ("stream shop: update 7 dropped: stale", "stream", "shop"),
            ("probe: refused tiny in /bin/app at 0x1000: too short", "probe", nil),
            ("patch: installed f at 0x1000", "patch", nil),
            ("image loaded: /usr/lib/libpq.so.5", "image", nil),
            ("stop", "stop", nil),
            ("stream ", "stream", ""),
            ("", "", nil),
        ] as [(String, String, String?)])
    func subject(_ text: String, _ room: String, _ subject: String?) {
        #expect(LogLine(text).room == room)
        #expect(LogLine(text).subject == subject)
    }

    @Test("is never of an unknown part, whatever the core says")
    func rooms() throws {
        let known: Set = [
            "apply", "codemem", "commit", "counters", "elf", "fork", "guard", "image", "images", "patch", "probe",
            "resolve", "settle", "start", "stop", "stream",
        ]
        let core = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../CSources")
        var formats: [String] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: core.path) where file.hasSuffix(".c") {
            let text = try String(contentsOf: core.appending(path: file), encoding: .utf8)
            formats += text.matches(of: /gr_log\(\s*"([^"]+)"/).map { String($0.output.1) }
        }
        #expect(formats.count > 20)
        for format in formats { #expect(known.contains(LogLine(format).room), "\(format)") }
    }
}
