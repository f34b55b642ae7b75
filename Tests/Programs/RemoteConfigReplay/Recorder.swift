// Recorder: what callbacks were given, and the callbacks that write it down.
//
// Owns the list of events since the last command, in the form that all clients of a comparison report them.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import Synchronization

/// Events, in order.
final class Recorder: Sendable {
    private let events = Mutex<[JSONValue]>([])

    /// Adds an event.
    func add(_ event: JSONValue) { events.withLock { $0.append(event) } }

    /// Takes all events.
    func take() -> JSONValue {
        .array(
            events.withLock { events in
                defer { events = [] }
                return events
            })
    }
}

/// What a callback throws when it is told to.
struct Refusal: Error {}

/// Writes down what it is given.
struct RecordingCallback: RCCallback {
    /// The product.
    let product: String
    /// Whether it throws after that.
    let isBroken: Bool
    /// Where.
    let recorder: Recorder

    func callAsFunction(payloads: [Payload]) throws {
        recorder.add(["product": .string(product), "payloads": .array(payloads.map(Self.json))])
        if isBroken { throw Refusal() }
    }

    func periodic() { recorder.add(["product": .string(product), "periodic": true]) }

    /// A payload as an event shows it.
    private static func json(_ payload: Payload) -> JSONValue {
        [
            "path": .string(payload.path.text), "content": payload.content?.root.value ?? nil,
            "version": JSONValue(payload.metadata.version), "length": JSONValue(payload.metadata.length),
            "sha256": .string(payload.metadata.sha256.hex),
        ]
    }
}

/// Merges the configurations of APM_TRACING as the library does, and writes down what products are told.
struct MergingCallback: RCCallback {
    /// The merge.
    private let tracing: APMTracing

    /// For products of `identity`.
    init(identity: APMIdentity, recorder: Recorder) throws {
        let manager = try ProductManager([Listener(recorder: recorder)])
        manager.start()
        tracing = APMTracing(manager, identity: identity)
    }

    func callAsFunction(payloads: [Payload]) {
        tracing.apply(
            payloads.map { payload in
                APMTracingChange(path: payload.path.text, content: payload.content?.root.value)
            })
    }

    /// The product that is told.
    private struct Listener: Product {
        let name = "listener"
        /// Where it writes down what it is told.
        let recorder: Recorder

        func apmTracingRC(_ remote: LibraryConfig, _ settings: LibraryConfig) {
            recorder.add(["product": "APM_TRACING", "settings": .object(remote.json)])
        }
        func start() {}
        func restart(join: Bool) {}
        func stop(join: Bool) {}
        func atExit(join: Bool) {}
        func postPreload() {}
    }
}
