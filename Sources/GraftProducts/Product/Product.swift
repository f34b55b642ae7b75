// Product: what can be started, stopped and carried over a fork by the manager.
//
// Owns the role and the defaults of its optional half. The names are those of the product protocol that this library
// follows: what a product's author knows from there holds here. Neighbours: ProductManager calls every method;
// APMTracing calls `apmTracingRC`; ConfigurationEntry and APMCapabilities are what a product says of itself.

/// A part of the library that has a life of its own: it is started, stopped, and started again in a forked child.
///
/// The first five methods have to be written; the others have defaults that do nothing. A product is usually a value that
/// refers to whatever holds its state:
///
/// ```swift
/// struct Heartbeat: Product {
///     let name = "heartbeat"
///     let requires = ["telemetry"]
///     func start() throws { try beat.begin() }
///     func restart(join: Bool) throws { try beat.begin() }
///     func stop(join: Bool) { beat.end() }
///     func atExit(join: Bool) { beat.end() }
///     func postPreload() {}
/// }
/// ```
///
/// The manager calls one method at a time, on the thread that called the manager, and never while it holds a lock. What a
/// method throws is kept as text and harms only the products that require this one. `join` asks the method to wait until
/// the product's threads have ended; without it, telling them to end is enough.
public protocol Product: Sendable {
    /// What other products and reports call it: 1 to `ProductLimits.nameBytes` bytes, unique within a manager.
    var name: String { get }

    /// Starts it. Called once, after every product that it requires has started.
    func start() throws
    /// Starts it anew in a forked child, where none of its threads exist. Called, on a thread made for it, if and only if
    /// it ran when the process forked.
    func restart(join: Bool) throws
    /// Stops it. Called once, before any product that it requires is stopped, and only if it had started.
    func stop(join: Bool) throws
    /// Stops it because the process ends; called in place of `stop`.
    func atExit(join: Bool) throws
    /// Completes the start once the program's own libraries are loaded. Called once, in the order of the start.
    func postPreload() throws

    /// The names of the products that must have started before it. None by default.
    var requires: [String] { get }
    /// Its settings, for configuration telemetry. None by default.
    var config: [ConfigurationEntry] { get }
    /// What it lets APM_TRACING configure. Nothing by default.
    var apmCapabilities: APMCapabilities { get }
    /// Takes a changed remote configuration.
    ///
    /// - Parameters:
    ///   - remote: what Remote Configuration says; nil fields are those that it has no opinion on (any more).
    ///   - settings: what holds now: the local settings, with `remote` over them.
    func apmTracingRC(_ remote: LibraryConfig, _ settings: LibraryConfig) throws
    /// Prepares for a fork, in the parent, on the thread that forks. Must not wait: the program's `fork` does.
    func beforeFork()
    /// Undoes in the parent what `beforeFork` did. Must not wait either.
    func afterForkInParent()
}

extension Product {
    /// None.
    public var requires: [String] { [] }
    /// None.
    public var config: [ConfigurationEntry] { [] }
    /// Nothing.
    public var apmCapabilities: APMCapabilities { [] }
    /// Does nothing.
    public func apmTracingRC(_ remote: LibraryConfig, _ settings: LibraryConfig) throws {}
    /// Does nothing.
    public func beforeFork() {}
    /// Does nothing.
    public func afterForkInParent() {}
}
