// ModelCheckTests: every order in which things can happen, to a depth.
//
// Owns the search: breadth first, each state once. In every state that is reached, nothing that must never be may have been, and
// when the faults stop there, the consumer must come to show what the core agent has. Planted mistakes must be found.

import Foundation
import Testing

@testable import GraftConfigStream

/// Tries everything.
private struct ModelCheck {
    /// What was found wrong, and the way to it.
    struct Finding {
        var way: [ModelWorld.Move]
        var what: String
    }

    /// How many states were looked at.
    var states = 0

    /// The first thing that is wrong within so many moves; nil when nothing is.
    mutating func search(_ world: ModelWorld, depth: Int) throws -> Finding? {
        var seen: Set<String> = [world.summary]
        var level: [(world: ModelWorld, way: [ModelWorld.Move])] = [(world, [])]
        for _ in 0..<depth {
            var following: [(world: ModelWorld, way: [ModelWorld.Move])] = []
            for (world, way) in level {
                for move in world.moves {
                    var next = try world.fork()
                    do {
                        try next.make(move)
                        guard seen.insert(next.summary).inserted else { continue }
                        states += 1
                        var rest = try next.fork()
                        try rest.settle()
                    } catch let violation as ModelWorld.Violation {
                        return Finding(way: way + [move], what: violation.description)
                    }
                    following.append((next, way + [move]))
                }
            }
            level = following
        }
        return nil
    }
}

/// How many moves are tried: what a normal run has the time for, or what GRAFT_MODEL_DEPTH says. Each more takes four times as long.
private let depth = ProcessInfo.processInfo.environment["GRAFT_MODEL_DEPTH"].flatMap { Int($0) } ?? 8

/// All orders of what can happen to sessions, streams and sequences.
@Suite("Model check") struct ModelCheckTests {
    @Test(
        "Nothing out of order is ever shown, and the consumer always comes to show what the core agent has",
        arguments: [StreamProfile.graft, .current], [Duration.zero, .seconds(3600)])
    func everythingIsRight(profile: StreamProfile, healthyAfter: Duration) throws {
        var check = ModelCheck()
        let finding = try check.search(try ModelWorld(profile, healthyAfter: healthyAfter), depth: depth)
        #expect(finding == nil, "after \(finding?.way ?? []): \(finding?.what ?? "")")
        #expect(check.states > 4000)
    }

    @Test("A planted mistake is found: sequences that do not start anew with the stream")
    func findsKeptSequences() throws {
        var profile = StreamProfile.graft
        profile.startsAnew = false
        try expectFinding(profile, nil)
    }

    @Test("A planted mistake is found: gaps that are ignored")
    func findsIgnoredGaps() throws {
        var profile = StreamProfile.graft
        profile.gap = .ignore
        try expectFinding(profile, nil)
    }

    @Test("A planted mistake is found: a rejected session that is taken for a broken connection")
    func findsSessionsThatAreKept() throws { try expectFinding(.graft, .rejectionTakenForBreak) }

    /// Expects a mistake to be found within the depth at which the right machine is clean.
    private func expectFinding(_ profile: StreamProfile, _ plant: ModelWorld.Plant?) throws {
        var check = ModelCheck()
        let finding = try check.search(try ModelWorld(profile, healthyAfter: .zero, plant: plant), depth: 6)
        #expect(finding != nil)
    }
}
