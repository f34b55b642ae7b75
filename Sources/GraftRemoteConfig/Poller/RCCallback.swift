// RCCallback: what a product does with its configurations.
//
// Owns the role that a product plays towards the poller. Neighbours: RemoteConfigPoller calls it.

/// What a product does with its configurations.
///
/// ```swift
/// struct MyCallback: RCCallback {
///     func callAsFunction(payloads: [Payload]) throws {
///         for payload in payloads { try update(payload.path, to: payload.content) }
///     }
/// }
/// ```
///
/// Both methods run on the thread that polls, one product after the other: what is slow here is slow for all. They may call
/// the poller: register, enable, ask for what is in force, acknowledge. An error that is thrown is reported and harms no
/// other product.
public protocol RCCallback: Sendable {
    /// Something is new, has changed or is gone: removals first, then the rest, each in the order of the paths. Called
    /// once for each round that has changes, and once after the registration with all that is held already. What a
    /// product makes of several configurations together it makes of `RemoteConfigPoller.payloads(for:)`, which has all of
    /// them, and not of the changes alone.
    ///
    /// When it returns, the configurations are acknowledged, unless the callback has said something else of one by
    /// `RemoteConfigPoller.acknowledge(_:_:)`. When it throws, they are reported as errors with what was thrown.
    func callAsFunction(payloads: [Payload]) throws

    /// Once for each poll, before anything is asked; also when no answer comes. Does nothing unless it is implemented.
    func periodic() throws
}

extension RCCallback {
    /// Does nothing.
    public func periodic() throws {}
}
