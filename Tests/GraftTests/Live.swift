// Live: what the live tests share: a started core, and probes of this process that go with the test.

import Graft
import Synchronization
import Testing

/// The tests that instrument this very process, one after the other: the core is one for the process.
@Suite("Live", .serialized)
enum Live {}

extension Live {
    /// A started core.
    final class Core {
        /// The core.
        let instrumentation: Instrumentation

        /// Starts the core.
        init() throws { instrumentation = try Instrumentation.start() }

        deinit { instrumentation.stop() }

        /// Installs one probe, which must be accepted.
        func install(
            _ target: String, _ mode: Mode, _ options: ProbeOptions = [], handler: Handler? = nil
        ) throws -> (probe: Probe, outcome: Outcome) {
            let request = ProbeRequest(target: try Target(target), mode: mode, options: options, handler: handler)
            let outcome = try #require(instrumentation.apply([.install(request)]).first)
            #expect(outcome.error == nil)
            return (try #require(outcome.probe), outcome)
        }

        /// Removes one probe, which must succeed.
        func remove(_ probe: Probe) {
            let outcome = instrumentation.apply([.remove(probe)])
            #expect(outcome.map(\.error) == [nil])
        }

        /// The state of a probe, from a snapshot.
        func info(_ probe: Probe) throws -> ProbeInfo? {
            try instrumentation.snapshot().probes.first { $0.probe == probe }
        }
    }
}

/// A value that a handler writes and a test reads.
final class Seen<Value: Sendable>: Sendable {
    /// The value.
    private let content: Mutex<Value>
    /// Begins with this value.
    init(_ value: Value) { content = Mutex(value) }
    /// The value, now.
    var value: Value { content.withLock { $0 } }
    /// Changes the value.
    func change(_ body: @Sendable (inout Value) -> Void) { content.withLock { body(&$0) } }
}

/// Something whose release a test can see.
final class Token: Sendable {
    /// How many there are.
    static let alive = Atomic(0)
    /// One more.
    init() { Token.alive.add(1, ordering: .relaxed) }
    deinit { Token.alive.subtract(1, ordering: .relaxed) }
    /// Keeps the token in a closure.
    func touch() {}
    /// How many there are, now.
    static var count: Int { alive.load(ordering: .relaxed) }
}
