// UpdateStream.swift: the ordered, asynchronous way in.
//
// Owns one stream of the core: updates are submitted from any thread, also inside a handler, and carried out by the
// library's own thread in the order of their sequences. It decides no order itself (queue.c does). Neighbours:
// Submission.swift travels with each update, OutcomeFeed.swift hands outcomes to async sequences.

internal import CGraft
internal import Synchronization

/// An ordered stream of updates; made by `Instrumentation.stream(named:)`.
///
/// ```swift
/// let stream = try instrumentation.stream(named: "config")
/// try stream.submit(Update(sequence: 1, changes: [.install(request)])) { print($0.outcomes) }
/// for await outcome in stream.outcomes() { … }
/// ```
public final class UpdateStream: Sendable {
    /// The most updates that may wait in one stream.
    public static let capacity = Int(GRAFT_STREAM_CAPACITY)

    /// The name, as logs and errors show it.
    public let name: String
    /// The stream of the core; nil once closed.
    private let handle: Mutex<StreamHandle?>
    /// The sequences that listen.
    private let feed = OutcomeFeed()

    /// Opens a stream.
    init(name: String) throws(GraftError) {
        self.name = name
        handle = Mutex(try StreamHandle(name: name))
    }

    deinit { close() }

    /// Submits an update and does not wait. Any thread, also inside a handler.
    ///
    /// - Parameters:
    ///   - update: what to do, and its place in the order.
    ///   - outcome: called exactly once: on the library's thread when the update was applied or dropped there (as a
    ///     duplicate, or superseded), or on this thread, before `submit` throws. It may submit; it may not wait.
    /// - Throws: the reason for which the update was dropped at once: stale, queue full, stream closed, core stopped.
    public func submit(_ update: Update, outcome: (@Sendable (UpdateOutcome) -> Void)? = nil) throws(GraftError) {
        let buffer = ChangeBuffer(update.changes)
        let submission = Submission(stream: name, buffer: buffer, feed: feed, callback: outcome)
        let context = Unmanaged.passRetained(submission).toOpaque()
        // The handle is borrowed outside the lock: the core may call `outcome`, which may come back here.
        guard let handle = handle.withLock({ $0 }) else {
            Submission.receive(GRAFT_CANCELLED, update.sequence ?? 0, nil, 0, context)
            throw GraftError(GRAFT_CANCELLED, place: .sequence(update.sequence ?? 0, stream: name))
        }
        let status = buffer.changes.withUnsafeBufferPointer { changes in
            var raw = graft_update(
                sequence: update.sequence ?? 0, snapshot: update.isSnapshot, changes: changes.baseAddress,
                count: changes.count)
            return graft_submit(handle.pointer, &raw, Submission.receive, context)
        }
        try GraftError.check(status, place: .sequence(update.sequence ?? 0, stream: name))
    }

    /// The outcomes of all updates that are decided from now on, for one listener. Keeps the newest `capacity` outcomes
    /// that it has not yet taken; ends when the stream is closed.
    public func outcomes() -> AsyncStream<UpdateOutcome> { feed.listen(capacity: Self.capacity) }

    /// Closes the stream: what still waits is cancelled, and each such update's outcome says so. Probes stay as they
    /// are. Not inside a handler.
    public func close() {
        let handle = self.handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        guard handle != nil else { return }
        feed.finish()
    }
}

/// The core's stream. It is closed when the last reference goes, so that a submission on another thread that still
/// uses it never sees freed memory.
final class StreamHandle: Sendable {
    /// The stream, as an address. Immutable; the core does its own locking.
    private let address: UInt

    /// Opens a stream.
    init(name: String) throws(GraftError) {
        var raw: OpaquePointer?
        try GraftError.check(graft_stream_open(name, &raw))
        address = UInt(bitPattern: raw)
    }

    deinit { graft_stream_close(pointer) }

    /// The stream, as C wants it.
    var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }
}
