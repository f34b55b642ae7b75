// Turnstile.swift: tells at a fork whether the agent's thread was resting.
//
// Owns one number. A child of fork has only the thread that forked; what another thread was in the middle of stays half
// done there for ever. So the agent's thread enters before it works and leaves before it waits, and a fork holds the
// turnstile for the moment of the copy: the child knows that it inherited a resting agent, which a new thread can take
// over, or that it did not, and then leaves it alone. A fork waits ten milliseconds at most: what the agent does often (a
// report, an answer) is shorter, and for the rest no host shall wait. The agent waits for a fork. States: 0 resting,
// 1 working, 2·n resting while n forks are under way.

internal import Glibc
internal import Synchronization

/// The agent's rest, as a fork sees it.
final class Turnstile: Sendable {
    private let state = Atomic<Int>(0)

    /// Microseconds between two looks, and looks of a fork at a working agent.
    private static let pause: UInt32 = 100
    private static let forkLooks = 100

    /// The agent begins to work.
    func enter() {
        // Acquire pairs with the release in `endFork` and `leave`.
        while !state.compareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged {
            usleep(Self.pause)
        }
    }

    /// The agent rests. Everything that it wrote is visible to the thread that forks next.
    func leave() { state.store(0, ordering: .releasing) }

    /// A fork begins; returns whether the agent rests and will until `endFork`.
    func beginFork() -> Bool {
        for _ in 0..<Self.forkLooks {
            if holdRest() { return true }
            usleep(Self.pause)
        }
        return false
    }

    /// The fork is over, in the parent; only after `beginFork` returned true.
    func endFork() { state.subtract(2, ordering: .releasing) }

    /// The child has one thread and no other fork under way.
    func reset() { state.store(0, ordering: .releasing) }

    /// Counts one more fork, unless the agent works.
    private func holdRest() -> Bool {
        var now = state.load(ordering: .relaxed)
        while now != 1 {
            // Acquire pairs with the release in `leave`.
            let answer = state.compareExchange(expected: now, desired: now + 2, ordering: .acquiring)
            if answer.exchanged { return true }
            now = answer.original
        }
        return false
    }
}
