// Submission.swift: what travels with a submitted update and comes back with its outcome.
//
// Owns the references to the update's handlers until the outcome settles them, and the callback. The core calls
// `receive` exactly once for each submission; that call gives up the submission itself. Neighbours: UpdateStream.swift
// makes it, Outcomes.swift settles.

internal import CGraft

/// One update under way.
final class Submission: Sendable {
    /// The name of the stream, for errors.
    private let stream: String
    /// The kind of each change, as C's raw value, with the reference to its handler.
    private let parts: [(kind: UInt32, handler: HandlerTable.Reference?)]
    /// The sequences that listen.
    private let feed: OutcomeFeed
    /// Who submitted and wants to know.
    private let callback: (@Sendable (UpdateOutcome) -> Void)?

    /// A submission of these changes.
    init(
        stream: String, buffer: borrowing ChangeBuffer, feed: OutcomeFeed,
        callback: (@Sendable (UpdateOutcome) -> Void)?
    ) {
        self.stream = stream
        parts = zip(buffer.changes, buffer.handlers).map { ($0.kind.rawValue, $1) }
        self.feed = feed
        self.callback = callback
    }

    /// What the core calls with the outcome.
    static let receive:
        @convention(c) (
            graft_status, UInt64, UnsafePointer<graft_outcome>?, Int, UnsafeMutableRawPointer?
        ) -> Void = { status, sequence, outcomes, count, context in
            guard let context else { return }
            let submission = Unmanaged<Submission>.fromOpaque(context).takeRetainedValue()
            submission.finish(status, sequence, UnsafeBufferPointer(start: outcomes, count: count))
        }

    /// Settles the handlers and tells everyone.
    private func finish(_ status: graft_status, _ sequence: UInt64, _ raw: UnsafeBufferPointer<graft_outcome>) {
        let error =
            status == GRAFT_OK ? nil : GraftError(status, place: .sequence(sequence, stream: stream))
        let outcomes = raw.map { Outcome($0) }
        for (index, part) in parts.enumerated() {
            if index < outcomes.count {
                outcomes[index].settle(graft_change_kind(part.kind), handler: part.handler)
            } else {
                part.handler?.release()
            }
        }
        let outcome = UpdateOutcome(sequence: sequence, error: error, outcomes: outcomes)
        callback?(outcome)
        feed.send(outcome)
    }
}
