// LiveCostTests: what the way from a hit to a Swift handler does not do. Measured by the library itself: a probe on
// `malloc` counts calls from inside handlers as suppressed hits.

import Graft
import Testing

extension Live {
    @Suite("The way to a handler")
    struct CostTests {
        @Test("allocates nothing")
        func allocations() async {
            // In a process of its own, where nothing else allocates meanwhile.
            await #expect(processExitsWith: .success) { try expectNoCalls(of: "libc.so.6:malloc") }
        }

        #if !DEBUG
            @Test("retains and releases nothing", arguments: ["swift_retain", "swift_release"])
            func counting(_ function: String) async {
                await #expect(processExitsWith: .success) { [function] in
                    try expectNoCalls(of: "libswiftCore.so:" + function)
                }
            }
        #endif
    }
}

/// Expects that entering and leaving an instrumented function 10,000 times calls `forbidden` never.
private func expectNoCalls(of forbidden: String) throws {
    let core = try Instrumentation.start()
    let sums = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    sums.initialize(to: 0)
    let address = UInt(bitPattern: sums)
    let handler: Handler = { hit in
        UnsafeMutablePointer<UInt64>(bitPattern: address)?.pointee &+= hit.argument(0) &+ hit.returnAddress
        hit.cookie = 7
    }
    let outcomes = core.apply([
        .install(ProbeRequest(target: try Target(forbidden), mode: .count)),
        .install(ProbeRequest(target: try Target(":victim_add"), mode: .entryExit, handler: handler)),
    ])
    #expect(outcomes.map(\.state) == [.installed, .installed])
    _ = victimAdd(1, 2, 3)
    let probe = try #require(outcomes.first?.probe)
    let before = (try core.hits(of: probe), try core.snapshot().counters.hitsSuppressed)
    var total = 0
    for index in 0..<10_000 { total &+= victimAdd(index, 2, 3) }
    let after = (try core.hits(of: probe), try core.snapshot().counters.hitsSuppressed)
    #expect(total == 50_045_000)
    #expect(sums.pointee != 0)
    #expect(after.1 == before.1, "inside handlers")
    // The snapshot in between allocates; 10,000 hits that did would show.
    #expect(after.0 - before.0 < 5_000, "in all")
    core.stop()
}
