// SequenceQueue.swift: elements in the order of their sequences: many submit, one takes.
//
// Owns the boxes in which elements wait, and the lock by which one thread takes at a time. It decides no order itself
// (queue.c does). Neighbours: UpdateStream.swift is the same for changes to probes.

internal import CGraft
internal import Synchronization

/// A queue that gives out elements in the order of their sequences 1, 2, 3, …
///
/// An element whose sequence has passed is stale, one whose sequence is waiting already is a duplicate, one beyond a gap
/// waits until the gap is filled or a snapshot replaces everything before it. Needs no `Instrumentation.start`.
///
/// ```swift
/// let queue = try SequenceQueue<Message>(capacity: 1000)
/// try queue.submit(message, sequence: message.sequence, isSnapshot: false)
/// while let (sequence, message) = queue.next(dropped: { print("\($1): \($2)") }) { apply(message) }
/// ```
///
/// Any thread may submit, and waits for no other. Taking and restarting have a lock: without it, two threads that take at once would
/// be a data race in a class that says it is `Sendable`. One thread takes, as a rule, and then the lock is free. Elements are handed out,
/// and to `dropped`, outside of it.
public final class SequenceQueue<Element: Sendable>: Sendable {
    /// What the queue is called in the place of an error.
    public let name: String
    /// The queue of the core.
    private let handle: QueueHandle

    /// An empty queue that expects sequence 1.
    ///
    /// - Parameters:
    ///   - capacity: how many elements may wait: 1 to `QueueCounts.capacityMax`.
    ///   - name: what errors call it.
    /// - Throws: `invalidArgument`, `noMemory`.
    public init(capacity: Int, name: String = "queue") throws(GraftError) {
        self.name = name
        handle = try QueueHandle(capacity: capacity)
    }

    deinit {
        for entry in handle.close() { Unmanaged<QueueBox<Element>>.fromOpaque(entry.value).release() }
    }

    /// Submits an element. Any thread; waits for no other thread.
    ///
    /// - Parameters:
    ///   - element: what is to be handed out.
    ///   - sequence: its place; 0 is one more than the largest so far.
    ///   - isSnapshot: it replaces whatever waits up to its sequence, and is due at once.
    /// - Throws: `stale`, `limitQueue`, `noMemory`: then the queue has not kept the element.
    public func submit(_ element: Element, sequence: UInt64, isSnapshot: Bool) throws(GraftError) {
        let box = Unmanaged.passRetained(QueueBox(element))
        let status = graft_queue_submit(handle.pointer, sequence, isSnapshot, box.toOpaque())
        guard status != GRAFT_OK else { return }
        box.release()
        throw error(status, at: sequence)
    }

    /// Takes the next element that is due; nil when none is.
    ///
    /// - Parameter dropped: is told, before this returns, of each element that proved stale, duplicate or superseded on the way, with
    ///   its sequence and the reason. May call this queue.
    public func next(
        dropped: (_ element: Element, _ sequence: UInt64, _ why: GraftError) -> Void = { _, _, _ in }
    ) -> (sequence: UInt64, element: Element)? {
        let (taken, losses) = handle.next()
        tell(losses, to: dropped)
        return taken.map { ($0.sequence, open($0)) }
    }

    /// Starts again: what was submitted before is dropped as superseded, and the next sequence expected is `next`.
    ///
    /// - Parameters:
    ///   - next: the sequence of the first element to come; 0 is taken as 1.
    ///   - dropped: as in `next(dropped:)`.
    public func restart(
        at next: UInt64 = 1,
        dropped: (_ element: Element, _ sequence: UInt64, _ why: GraftError) -> Void = { _, _, _ in }
    ) {
        tell(handle.restart(at: next), to: dropped)
    }

    /// What has happened so far. Each count is right by itself, while others change.
    public var stats: QueueCounts { QueueCounts(graft_queue_stats(handle.pointer)) }

    /// Hands over what was dropped.
    private func tell(_ losses: [QueueHandle.Entry], to dropped: (Element, UInt64, GraftError) -> Void) {
        for loss in losses { dropped(open(loss), loss.sequence, error(loss.status, at: loss.sequence)) }
    }

    /// The element that came out of the core.
    private func open(_ entry: QueueHandle.Entry) -> Element {
        Unmanaged<QueueBox<Element>>.fromOpaque(entry.value).takeRetainedValue().element
    }

    /// The error about an element.
    private func error(_ status: graft_status, at sequence: UInt64) -> GraftError {
        GraftError(status, place: .sequence(sequence, stream: name))
    }
}

/// An element behind a pointer that C can carry.
private final class QueueBox<Element: Sendable>: Sendable {
    /// The element.
    let element: Element

    /// A box of this element.
    init(_ element: Element) { self.element = element }
}

/// The core's queue, whatever its elements are. Who calls `next` and `restart` waits for whoever else does.
private final class QueueHandle: Sendable {
    /// What comes out of the core.
    struct Entry {
        /// A box.
        var value: UnsafeMutableRawPointer
        /// Its place in the order.
        var sequence: UInt64
        /// Why it was dropped; `GRAFT_OK` when it is due.
        var status: graft_status
    }

    /// The queue, as an address. Immutable; the core does its own locking for submissions.
    private let address: UInt
    /// Held while something is taken out.
    private let taking = Mutex(())

    /// Makes a queue.
    init(capacity: Int) throws(GraftError) {
        var raw: OpaquePointer?
        try GraftError.check(graft_queue_create(max(capacity, 0), &raw))
        address = UInt(bitPattern: raw)
    }

    /// The queue, as C wants it.
    var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }

    /// Frees the queue and returns what waited; the handle is of no use afterwards.
    func close() -> [Entry] {
        collecting { graft_queue_destroy(pointer, Self.note, $0) }.dropped
    }

    /// What is due, and what was dropped on the way.
    func next() -> (result: Entry?, dropped: [Entry]) {
        taking.withLock { _ in
            collecting { context -> Entry? in
                var value: UnsafeMutableRawPointer?
                var sequence: UInt64 = 0
                let found = graft_queue_next(pointer, &value, &sequence, Self.note, context)
                guard found, let value else { return nil }
                return Entry(value: value, sequence: sequence, status: GRAFT_OK)
            }
        }
    }

    /// Starts again, and returns what was dropped.
    func restart(at next: UInt64) -> [Entry] {
        taking.withLock { _ in collecting { graft_queue_restart(pointer, next, Self.note, $0) }.dropped }
    }

    /// Calls `body` with a context for `note`, and returns its result and what it dropped.
    private func collecting<Result>(
        _ body: (UnsafeMutableRawPointer) -> Result
    ) -> (result: Result, dropped: [Entry]) {
        var dropped: [Entry] = []
        let result = withUnsafeMutablePointer(to: &dropped) { body($0) }
        return (result, dropped)
    }

    /// Collects what the core drops in the array that `context` points to.
    private static let note: graft_queue_dropped = { value, sequence, status, context in
        guard let value, let context else { return }
        context.assumingMemoryBound(to: [Entry].self).pointee.append(
            Entry(value: value, sequence: sequence, status: status))
    }
}

/// Counts of a `SequenceQueue` since it was made.
public struct QueueCounts: Hashable, Sendable {
    /// The largest capacity of a queue, in elements.
    public static let capacityMax = Int(GRAFT_QUEUE_CAPACITY_MAX)
    /// Places beyond the capacity, for what lets a full queue move on: a snapshot, and the element right after the last one taken.
    public static let reserve = Int(GRAFT_QUEUE_RESERVE)

    /// Calls of `submit`, refused ones included.
    public var submitted: UInt64 = 0
    /// Elements handed out.
    public var taken: UInt64 = 0
    /// Refused by `submit`, or dropped, because their sequence had passed.
    public var stale: UInt64 = 0
    /// Dropped because their sequence was waiting already.
    public var duplicate: UInt64 = 0
    /// Dropped for a snapshot or a restart.
    public var superseded: UInt64 = 0
    /// Refused for lack of room, or dropped for lack of a sequence.
    public var refusedFull: UInt64 = 0
    /// Missing sequences that `next` has stopped in front of, each counted once.
    public var gaps: UInt64 = 0
    /// The last sequence handed out, or the one before that which `restart` has set.
    public var last: UInt64 = 0
    /// Elements held now.
    public var waiting: UInt64 = 0

    /// All zero.
    public init() {}

    /// The value of this C struct.
    init(_ raw: graft_queue_counts) {
        submitted = raw.submitted
        taken = raw.taken
        stale = raw.stale
        duplicate = raw.duplicate
        superseded = raw.superseded
        refusedFull = raw.refused_full
        gaps = raw.gaps
        last = raw.last
        waiting = raw.waiting
    }
}
