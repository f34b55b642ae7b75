// RemoteConfigHooks: what a program wants to be told by the thread that polls.
//
// Owns values only. RemoteConfigThread calls them.

/// What is called on the thread that polls, between its rounds and never while a lock is held. What is slow here delays the
/// next round.
public struct RemoteConfigHooks: Sendable {
    /// First of all: the place to exempt the thread from instrumentation, or to change which signals it takes.
    public var onStart: @Sendable () -> Void = {}
    /// Before each poll: the place to change what the requests say about the program.
    public var beforePoll: @Sendable () -> Void = {}
    /// After each poll, with what happened in it.
    public var afterPoll: @Sendable (PollReport) -> Void = { _ in }
    /// After callbacks were given what they had not been given, between two polls.
    public var afterDelivery: @Sendable (PollReport) -> Void = { _ in }
    /// Something else that the thread does while it rests: called after the first poll, and then whenever the time has passed
    /// that it returned the last time; nil for never again. What telemetry has to send goes this way.
    public var errand: @Sendable () -> Duration? = { nil }
    /// Last of all.
    public var onEnd: @Sendable () -> Void = {}

    /// Hooks that do nothing.
    public init() {}
}
