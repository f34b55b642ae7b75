// NativeProductsTests: products in C and in Swift, run by one manager, in a real program that forks.

import Scenarios
import Testing

@Suite("Products written in C, in a Swift program")
struct NativeProductsTests {
    /// Runs ForkingNatives; its lines.
    private func lines() throws -> [String] {
        let scenario = try Scenario(of: "ForkingNatives", [], seconds: 30)
        #expect(scenario.hasSucceeded)
        return scenario.lines
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
