// NativeProductsTests: products in C and in Swift, run by one manager, in a real program that forks.

import Foundation
import Testing

@Suite("Products written in C, in a Swift program")
struct NativeProductsTests {
    /// Runs ForkingNatives, which SwiftPM has put beside this test's program, 30 seconds at most; its lines.
    private func lines() throws -> [String] {
        let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
        let line = try #require(maps.split(separator: "\n").first { $0.hasSuffix("PackageTests.xctest") })
        let tests = URL(fileURLWithPath: String(line[line.firstIndex(of: "/")!...]))
        let process = Process()
        process.executableURL = tests.deletingLastPathComponent().appendingPathComponent("ForkingNatives")
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let number = process.processIdentifier
        let guardian = DispatchWorkItem { kill(number, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 30, execute: guardian)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guardian.cancel()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        return text.split(separator: "\n").map(String.init)
    }

    @Test("start, fail, restart in a child and stop among products in Swift, by their requirements")
    func life() throws {
        let lines = try lines()
        let parent = lines.filter { $0.hasPrefix("parent: ") }.map { String($0.dropFirst(8)) }
        let child = lines.filter { $0.hasPrefix("child: ") }.map { String($0.dropFirst(7)) }
        #expect(
            parent == [
                "refused: c-store is registered already",
                "start c-broken", "start c-store", "start swift-index", "start c-cache",
                "c-broken failed there is no room for the cache", "c-store running -", "swift-index running -",
                "c-cache running -", "swift-late failed-requirement requires c-broken, which does not run",
                "before c-store", "after c-store", "child ended 0",
                "stop joining c-cache", "stop swift-index", "stop joining c-store",
            ])
        #expect(
            child == [
                "restart c-store", "restart swift-index", "restart c-cache",
                "stop joining c-cache", "stop swift-index", "stop joining c-store",
                "c-store -", "swift-index -", "c-cache stop failed: it has nothing to stop",
            ])
    }
}
