// Instrumenting.swift: the role that products need of the core; the seam at which tests put a recording.
//
// Owns the protocol only. Neighbours: Instrumentation.swift plays the role over the C core,
// GraftTestKit's RecordingInstrumentation plays it from a script.

/// Changes what is instrumented, and tells what is.
public protocol Instrumenting: Sendable {
    /// Carries out the changes in order and waits for it; one outcome for each. Not inside a handler.
    func apply(_ changes: [Change]) -> [Outcome]

    /// A consistent view of every probe. Not inside a handler.
    func snapshot() throws(GraftError) -> Snapshot

    /// Where an address of this process lies in the source; nil when no image contains it. For a return address, pass
    /// it minus one. Reads files; not inside a handler.
    func symbolise(_ address: UInt64) -> Symbol?

    /// Ends this use; the last one restores every byte and waits for that. Calling it again does nothing. Not inside a
    /// handler.
    func stop()
}
