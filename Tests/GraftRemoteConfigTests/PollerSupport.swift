// PollerSupport: a clock that is moved by hand, a callback that remembers.

import GraftRemoteConfig
import GraftTestKit
import Synchronization

/// A clock that stands still unless it is moved.
final class HandClock: Sendable {
    private let time = Mutex(Duration.zero)
    var now: Duration { time.withLock { $0 } }
    func advance(_ by: Duration) { time.withLock { $0 += by } }
}

/// Something went wrong in a callback.
struct CallbackError: Error, CustomStringConvertible {
    var description: String
}

/// Remembers what it was given and does what it is told.
final class Recorder: RCCallback, Sendable {
    private let seen = Mutex<[[Payload]]>([])
    private let periods = Mutex(0)
    private let action: @Sendable ([Payload]) throws -> Void
    private let beat: @Sendable () throws -> Void

    init(
        periodic beat: @escaping @Sendable () throws -> Void = {},
        _ action: @escaping @Sendable ([Payload]) throws -> Void
    ) {
        self.action = action
        self.beat = beat
    }

    convenience init(periodic beat: @escaping @Sendable () throws -> Void = {}) {
        self.init(periodic: beat) { _ in }
    }

    func callAsFunction(payloads: [Payload]) throws {
        seen.withLock { $0.append(payloads) }
        try action(payloads)
    }

    func periodic() throws {
        periods.withLock { $0 += 1 }
        try beat()
    }

    /// The batches, as text: `-id` for a removal, `+id` for the rest.
    var batches: [[String]] {
        seen.withLock { $0.map { $0.map { ($0.isRemoval ? "-" : "+") + $0.path.id } } }
    }
    /// The batches.
    var payloads: [[Payload]] { seen.withLock { $0 } }
    /// How often `periodic()` was called.
    var periodicCalls: Int { periods.withLock { $0 } }
}

extension RemoteConfigPoller {
    /// A poller for tests that asks no `/info`.
    static func test(
        clock: HandClock = HandClock(), onAttention: @escaping @Sendable (Attention) -> Void = { _ in }
    ) -> RemoteConfigPoller {
        RemoteConfigPoller(
            state: .asking(for: []), clock: { clock.now }, random: { 0.5 }, onAttention: onAttention)
    }

    /// What is reported for each configuration, by its id.
    var applyStates: [String: Int] {
        Dictionary(state.configStates.map { ($0.path.id, $0.acknowledgement.applyState) }, uniquingKeysWith: { $1 })
    }
}
