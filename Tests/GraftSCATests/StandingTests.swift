// StandingTests: how far a configuration is in force.

import Graft
import GraftConfig
import GraftSCA
import GraftTestKit
import Testing

@Suite("A configuration's standing")
struct StandingTests {
    @Test("counts its targets and names those that are not there, and no other configuration's")
    func unresolved() throws {
        let stage = Stage()
        stage.put(targets: ["a.so:f", "a.so:g"])
        stage.put(targets: ["b.so:h"], at: "/q")
        let standing = try #require(stage.product.standings(of: ["/p"])["/p"])
        #expect(standing.state == .applied && standing.targets == 2 && standing.unresolvedTargets == 2)
        #expect(standing.unresolved.map(\.target) == ["a.so:f", "a.so:g"])
        #expect(standing.unresolved.allSatisfy { $0.state == .pending })
    }

    @Test("is whole once every target is there")
    func whole() throws {
        let stage = Stage()
        stage.put(targets: ["a.so:f"])
        stage.core.load("a.so:f", [Stage.entry("f", image: "/usr/lib/a.so")])
        #expect(stage.product.standings(of: ["/p"])["/p"] == Standing(state: .applied, targets: 1))
    }

    @Test("names sixteen targets at most and counts all")
    func bounded() throws {
        let stage = Stage()
        let most = Standing.namedTargets
        stage.put(targets: (0...most).map { "a.so:f\($0)" })
        let standing = try #require(stage.product.standings(of: ["/p"])["/p"])
        #expect(standing.unresolvedTargets == most + 1 && standing.unresolved.count == most)
        stage.put(targets: (1...most).map { "a.so:f\($0)" })
        #expect(stage.product.standings(of: ["/p"])["/p"]?.unresolved.count == most)
    }

    @Test("of a refused version has its errors, with the targets of the version that stays")
    func refused() throws {
        let stage = Stage()
        stage.put(targets: ["a.so:f"])
        stage.put("[")
        let standing = try #require(stage.product.standings(of: ["/p"])["/p"])
        #expect(standing.state == .refused && standing.errors.count == 1 && standing.targets == 1)
    }

    @Test("of a path that is not known is none")
    func unknown() {
        #expect(Stage().product.standings(of: ["/p"]).isEmpty)
    }
}
