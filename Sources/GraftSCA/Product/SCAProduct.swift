// SCAProduct.swift: the product: configurations in, instrumentation and detections out.
//
// Owns the one lock around the product's state and nothing else; what happens under it is in the files beside this one.
// It has no thread of its own: `apply`, `poll` and `stop` do their work, file reading included, on the thread that calls
// them, and that is the owner's. No thread of the host ever waits for it: the hits are counted by the core. Neighbours:
// ProductState.swift and its extensions.

public import Graft
public import GraftConfig
private import Synchronization

/// Detection of vulnerable functions that are really reached.
///
/// ```swift
/// let product = SCAProduct(gate: Gate(environment: environment))
/// for case .update(let update) in source.poll() { product.apply(update) }
/// product.poll()
/// print(JSONWriter.text(product.status().json))
/// product.stop()
/// ```
///
/// It starts the core when the first target is to be installed, not before; while the gate is closed, never.
public final class SCAProduct: Sendable {
    /// What was done with an update; what a source acknowledges.
    public struct Acknowledgement: Hashable, Sendable {
        /// The configuration's path.
        public var path: String
        /// The version that the update brought.
        public var version: UInt64
        /// What became of it.
        public var state: Report.Configuration.State
        /// What is wrong with it, each with its place.
        public var errors: [ConfigError]

        /// An acknowledgement with these parts.
        public init(path: String, version: UInt64, state: Report.Configuration.State, errors: [ConfigError] = []) {
            self.path = path
            self.version = version
            self.state = state
            self.errors = errors
        }
    }

    /// Starts the core when it is needed.
    public typealias Starter = @Sendable () throws(GraftError) -> any Instrumenting

    /// Everything that changes. Held while an update is carried out (milliseconds), so a status is never half of one.
    private let state: Mutex<ProductState>

    /// A product that starts the core of this process when it is needed.
    public convenience init(gate: Gate) {
        self.init(gate: gate) { () throws(GraftError) in try Instrumentation.start() }
    }

    /// A product over an instrumentation of the caller's own. `start` is called when the first target is to be installed,
    /// and again with a later update if it failed; the product stops what it returns.
    public convenience init(gate: Gate, start: @escaping Starter) {
        self.init(gate: gate, world: World(), start: start)
    }

    /// A product in a world of its own, for tests.
    package init(gate: Gate, world: World, start: @escaping Starter) {
        state = Mutex(ProductState(gate: gate, world: world, start: start))
    }

    /// Carries out one update and says what became of it. A payload that cannot be used changes nothing: the version
    /// before it stays in force. Reads files and waits; on the owner's thread, not inside a handler.
    @discardableResult
    public func apply(_ update: ConfigUpdate) -> Acknowledgement {
        state.withLock { $0.apply(update) }
    }

    /// Looks at what has happened meanwhile: collects detections, judges images that have been loaded, tries again what
    /// could not be done. To be called by the owner's thread from time to time, say each second.
    public func poll() { state.withLock { $0.poll() } }

    /// Everything there is to know, now. Any thread, not inside a handler; reads no package database, unless
    /// `readingPackages`: then the packages of all functions that advisories name are looked up, each image once, which
    /// reads files and is for the owner's thread.
    public func status(readingPackages: Bool = false) -> Report {
        state.withLock { $0.report(readingPackages: readingPackages) }
    }

    /// How far each of these configurations is in force, now; those that it does not know are left out. Any thread, not
    /// inside a handler; reads no package database.
    public func standings(of paths: some Sequence<String>) -> [String: Standing] {
        let paths = Array(paths)
        return state.withLock { $0.standings(of: paths) }
    }

    /// The functions that were reached, as of now; bounded. Any thread, not inside a handler.
    public func detections() -> [Detection] { state.withLock { $0.collectedDetections() } }

    /// Removes what the product has installed, restores the bytes and stops the core. Later updates are ignored; the
    /// status stays. Calling it again does nothing.
    public func stop() { state.withLock { $0.stop() } }
}
