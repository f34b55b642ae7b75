// AsyncVictims: async functions of the test process that the live tests instrument, named by their Swift names.

import Synchronization

/// What `asyncFails` throws.
struct Refusal: Error {}

/// Suspends once, and may go on in another thread.
@inline(never) @_optimize(none)
func asyncTriple(_ a: Int) async -> Int {
    await Task.yield()
    return a &* 3
}

/// Never suspends.
@inline(never) @_optimize(none)
func asyncPlain(_ a: Int) async -> Int { a &+ 100 }

/// Throws for negative numbers.
@inline(never) @_optimize(none)
func asyncFails(_ a: Int) async throws -> Int {
    await Task.yield()
    if a < 0 { throw Refusal() }
    return a
}

/// Halves, with suspensions before and after.
@inline(never) @_optimize(none)
func asyncHalf(_ a: Double) async -> Double {
    await Task.yield()
    return a / 2
}

/// Sleeps, until it is cancelled.
@inline(never) @_optimize(none)
func asyncSleeps() async throws { try await Task.sleep(nanoseconds: 60_000_000_000) }

/// Waits at the gate.
@inline(never) @_optimize(none)
func asyncWaits(_ a: Int, at gate: Gate) async -> Int {
    await gate.pass()
    return a &+ 1
}

/// Calls another one, which returns what this one returns.
@inline(never) @_optimize(none)
func asyncOuter(_ a: Int) async -> Int { await asyncTriple(a) &+ 1 }

/// Calls itself.
@inline(never) @_optimize(none)
func asyncDepth(_ a: Int) async -> Int { a == 0 ? 0 : await asyncDepth(a - 1) &+ 1 }

/// An actor with a method to instrument.
actor AsyncCounter {
    /// The count.
    private var count = 0
    /// Adds.
    @inline(never) @_optimize(none)
    func add(_ a: Int) -> Int {
        count += a
        return count
    }
    /// Adds what another function says.
    @inline(never) @_optimize(none)
    func addLater(_ a: Int) async -> Int {
        count += await asyncPlain(a)
        return count
    }
}

/// Holds tasks up until it is opened.
final class Gate: Sendable {
    /// Who waits, and whether it has been opened.
    private let state = Mutex<(waiting: [CheckedContinuation<Void, Never>], open: Bool)>(([], false))

    /// How many wait.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Waits until it is open.
    func pass() async {
        await withCheckedContinuation { continuation in
            let open = state.withLock { state in
                if !state.open { state.waiting.append(continuation) }
                return state.open
            }
            if open { continuation.resume() }
        }
    }

    /// Lets everyone through, now and later.
    func open() {
        let waiting = state.withLock { state in
            defer { state = ([], true) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
