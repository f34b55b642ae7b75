// StreamOrder: which of a stream's events count.
//
// Owns the translation between the stream's numbers and the core's queue, which decides: a stale event is refused, a snapshot
// is due at once, an update is due when it is the next one, and one that comes too early shows a gap. Numbers on the wire
// have 32 bits and wrap; here they have 64 and do not. It applies nothing. Neighbours: Graft.SequenceQueue, StreamMachine.

internal import Graft

/// The order of the events of one consumer.
struct StreamOrder {
    /// What becomes of an event.
    enum Verdict: Hashable {
        /// It is next: apply it.
        case apply
        /// Its number has passed.
        case stale
        /// Updates are missing before it.
        case gap(expected: Int32)
    }

    /// The events that may wait at once: each is decided before the next one comes.
    private static let capacity = 4

    private let queue: SequenceQueue<Int32>
    private let profile: StreamProfile
    /// The number of the last event that was applied, with the bits that the wire cuts off; one of StreamProfile.before
    /// when there is none.
    private var last: Int64
    /// Whether an event has been applied since the last start.
    private var hasStarted = false

    /// The order of a consumer that has received nothing.
    init(_ profile: StreamProfile) throws(GraftError) {
        self.profile = profile
        last = Int64(profile.before)
        queue = try SequenceQueue(capacity: Self.capacity)
        startAgain()
    }

    /// The same order with a queue of its own: nothing waits between two events, so a number says all.
    func fork() throws(GraftError) -> StreamOrder {
        var copy = try StreamOrder(profile)
        copy.last = last
        copy.hasStarted = hasStarted
        copy.startAgain()
        return copy
    }

    /// A new stream begins.
    mutating func begin() {
        guard profile.startsAnew else { return }
        last = Int64(profile.before)
        hasStarted = false
        startAgain()
    }

    /// The number on the wire of the last event that was applied.
    var sequence: Int32 { Int32(truncatingIfNeeded: last) }

    /// Decides on an event with this number.
    mutating func decide(_ sequence: Int32, isSnapshot: Bool) -> Verdict {
        let number = unwrapped(sequence)
        guard number >= 0 else { return .stale }
        do throws(GraftError) {
            try queue.submit(sequence, sequence: Self.place(number), isSnapshot: isSnapshot)
        } catch {
            // The queue is empty between two events: it refuses only what has passed.
            return .stale
        }
        if queue.next(dropped: { _, _, _ in }) != nil {
            last = number
            hasStarted = true
            return .apply
        }
        // It waits for what is missing, which will not come: a stream does not go back.
        let expected = Int32(truncatingIfNeeded: last + 1)
        startAgain()
        return .gap(expected: expected)
    }

    /// The number of an event with the bits that the wire has cut off: the one nearest to the last. The first one of all
    /// is taken as it is, without a sign.
    private func unwrapped(_ sequence: Int32) -> Int64 {
        hasStarted ? last + Int64(sequence &- Int32(truncatingIfNeeded: last)) : Int64(UInt32(bitPattern: sequence))
    }

    /// A number's place in the queue, whose places start at 1 where numbers start at 0.
    private static func place(_ number: Int64) -> UInt64 { UInt64(number + 1) }

    /// Makes the queue expect what follows the last event, and nothing wait.
    private func startAgain() {
        queue.restart(at: Self.place(last + 1), dropped: { _, _, _ in })
    }
}
