// PaceTests.swift: how often the agent works on its own account.

import Testing

@testable import GraftAgent

@Suite struct PaceTests {
    private var pace = Pace()

    @Test mutating func `the first turn is due at once and is not held against the next`() {
        #expect(pace.due == 0)
        pace.took(from: 0, to: 400, changed: true)
        #expect(pace.due == 400 + Pace.shortest)
    }

    @Test mutating func `turns that take long are rare`() {
        pace.took(from: 0, to: 0, changed: true)
        pace.took(from: 1_000, to: 1_005, changed: true)
        #expect(pace.due == 1_005 + Pace.shortest)
        pace.took(from: 3_000, to: 3_100, changed: true)
        #expect(pace.due == 3_100 + 100 * Pace.share)
    }

    @Test mutating func `while nothing changes turns become rare, up to a limit`() {
        pace.took(from: 0, to: 0, changed: true)
        for expected in [2_000, 4_000, 8_000, 8_000] as [UInt64] {
            let now = pace.due
            pace.took(from: now, to: now, changed: false)
            #expect(pace.due == now + expected)
        }
        let now = pace.due
        pace.took(from: now, to: now, changed: true)
        #expect(pace.due == now + Pace.shortest)
    }

    @Test mutating func `news hastens a turn and never delays it`() {
        pace.took(from: 0, to: 0, changed: true)
        pace.hasten(now: 300)
        #expect(pace.due == 300)
        pace.hasten(now: 500)
        #expect(pace.due == 300)
    }
}
