// RemoteConfigPoller: the client as products see it.
//
// Owns the one lock around the state and the registrations, and the API of registration and enablement. It has no thread:
// whoever drives it calls `poll(over:)` (Polling.swift) at intervals. No lock is held while a callback or the transport
// runs, so both may call back. Neighbours: RemoteConfigState decides, CallbackRegistry remembers.

private import GraftConfig

/// A client of Remote Configuration.
///
/// ```swift
/// poller.registerCallback(MyCallback(), for: "MY_PRODUCT")
/// poller.enableProduct("MY_PRODUCT")
/// ```
///
/// Registration and enablement are independent. A registered callback is called for each poll and with every change of its
/// product; an enabled product is asked for. Any thread may call any method, a callback too.
public final class RemoteConfigPoller: Sendable {
    /// Why the driver should not wait for the next interval.
    public enum Attention: Sendable, Hashable {
        /// A callback waits for what is held: `deliver()` gives it.
        case delivery
        /// Something else is to be asked for than before: a poll gets it sooner.
        case request
    }

    /// Everything that changes.
    struct Storage: Sendable {
        /// What is known.
        var state: RemoteConfigState
        /// Who waits for what.
        var registry = CallbackRegistry()
        /// Whether a thread polls or delivers.
        var isBusy = false
        /// What the callback that runs now has acknowledged by itself.
        var acknowledged: Set<ConfigPath> = []
    }

    /// A lock that a forked child can go on using.
    private let storage: Guarded<Storage>
    /// The time since some fixed moment, never going back.
    let clock: @Sendable () -> Duration
    /// A number from 0 up to, not including, 1.
    let random: @Sendable () -> Double
    /// Told, on the thread of the one who calls, that there is something to do before the next interval.
    private let onAttention: @Sendable (Attention) -> Void

    /// A client with this state.
    ///
    /// - Parameters:
    ///   - state: mostly a new one; one that has products enabled already asks for them.
    ///   - clock: the time since some fixed moment.
    ///   - random: a number from 0 up to 1 for the jitter between polls.
    ///   - onAttention: called when a driver that waits has a reason to go on at once. Must only wake it.
    public init(
        state: RemoteConfigState, clock: @escaping @Sendable () -> Duration = RemoteConfigPoller.monotonicClock(),
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        onAttention: @escaping @Sendable (Attention) -> Void = { _ in }
    ) {
        storage = Guarded(Storage(state: state))
        self.clock = clock
        self.random = random
        self.onAttention = onAttention
    }

    /// The time since now, by a clock that never goes back.
    public static func monotonicClock() -> @Sendable () -> Duration {
        let start = ContinuousClock.now
        return { start.duration(to: .now) }
    }

    /// Works with what changes.
    func withStorage<Result>(_ body: (inout Storage) -> Result) -> Result { storage.withLock(body) }
}

// MARK: Registration

extension RemoteConfigPoller {
    /// Registers a callback for a product, in place of the one before it, and adds capabilities. It is given what is held
    /// already. The product is not asked for until `enableProduct(_:)`.
    public func registerCallback(
        _ callback: any RCCallback, for product: String, capabilities: Capabilities = []
    ) {
        withStorage { storage in
            storage.state.handle(product)
            storage.state.capabilities.formUnion(capabilities)
            storage.registry.register(callback, for: product)
        }
        onAttention(.delivery)
    }

    /// Removes a product's callback. A call of it that is under way ends as it would. The product is asked for as before.
    public func unregisterCallback(_ product: String) {
        withStorage { storage in
            if storage.registry.unregister(product) { storage.state.abandon(product) }
        }
    }

    /// Puts another callback in the place of a product's, which changes neither enablement nor capabilities; it is given
    /// what is held. False, and nothing changes, when the product has none.
    public func updateProductCallback(_ callback: any RCCallback, for product: String) -> Bool {
        let isReplaced = withStorage { $0.registry.replace(callback, for: product) }
        if isReplaced { onAttention(.delivery) }
        return isReplaced
    }

    /// Asks for a product from the next poll on.
    public func enableProduct(_ product: String) {
        if withStorage({ $0.state.enable(product) }) { onAttention(.request) }
    }

    /// Asks no longer for a product. Its callback stays and is told when the agent takes its configurations back.
    public func disableProduct(_ product: String) {
        if withStorage({ $0.state.disable(product) }) { onAttention(.request) }
    }

    /// Sets the capabilities in `mask` to what they are in `set`; others stay as they are.
    public func updateCapabilities(mask: Capabilities, set: Capabilities) {
        withStorage { storage in
            storage.state.capabilities.subtract(mask)
            storage.state.capabilities.formUnion(set.intersection(mask))
        }
    }

    /// Changes what the requests say about the program: another service that it speaks for, say.
    public func updateTracer(_ change: @Sendable (inout ClientTracer) -> Void) {
        withStorage { change(&$0.state.tracer) }
    }
}

// MARK: What is in force

extension RemoteConfigPoller {
    /// Everything that is in force for a product, in the order of the paths. Inside a callback it has what the callback
    /// is being told.
    public func payloads(for product: String) -> [Payload] { state.payloads(for: product) }

    /// Puts configurations of an earlier run in force, as `RemoteConfigState.adopt(_:)` does: callbacks are given them without
    /// an agent. To be called once the products are registered or enabled.
    public func adopt(_ payloads: [Payload]) {
        let adopted = withStorage { storage in
            let adopted = storage.state.adopt(payloads)
            for payload in adopted { storage.registry.markDirty(payload.path.product) }
            return adopted
        }
        if !adopted.isEmpty { onAttention(.delivery) }
    }

    /// What became of a payload that a callback was given: work that goes on after the callback has returned says
    /// `.unacknowledged` inside of it and `.acknowledged` or `.error` at its end. False when the payload is no longer in
    /// force.
    @discardableResult
    public func acknowledge(_ payload: Payload, _ acknowledgement: Acknowledgement) -> Bool {
        withStorage { storage in
            storage.acknowledged.insert(payload.path)
            return storage.state.acknowledge(payload.path, acknowledgement, content: payload.metadata.sha256)
        }
    }

    /// Everything that is known, as of now.
    public var state: RemoteConfigState { withStorage { $0.state } }
}
