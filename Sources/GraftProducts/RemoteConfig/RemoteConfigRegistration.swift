// RemoteConfigRegistration: what products ask of Remote Configuration, whichever client there is.
//
// Owns the API: each call is entered in the wishes, for the clients to come, and told to the client of this process, if there
// is one. Neighbours: RemoteConfigPoller has the same names and says more about each.

public import GraftRemoteConfig

extension RemoteConfigProduct {
    /// Registers a callback for a product, in place of the one before it, and adds capabilities. It is given what is held
    /// already. The product is not asked for until `enableProduct(_:)`. Callbacks run on the thread that polls.
    public func registerCallback(
        _ callback: any RCCallback, for product: String, capabilities: Capabilities = []
    ) {
        change {
            $0.register(callback, for: product, capabilities: capabilities)
        } andTell: {
            $0.registerCallback(callback, for: product, capabilities: capabilities)
        }
    }

    /// Removes a product's callback. A call of it that is under way ends as it would. The product is asked for as before.
    public func unregisterCallback(_ product: String) {
        change {
            $0.unregister(product)
        } andTell: {
            $0.unregisterCallback(product)
        }
    }

    /// Puts another callback in the place of a product's, which changes neither enablement nor capabilities; it is given
    /// what is held. False, and nothing changes, when the product has none.
    @discardableResult
    public func updateProductCallback(_ callback: any RCCallback, for product: String) -> Bool {
        let before = change {
            $0.replace(callback, for: product)
        } andTell: {
            _ = $0.updateProductCallback(callback, for: product)
        }
        return before != nil
    }

    /// Asks for a product from the next poll on.
    public func enableProduct(_ product: String) {
        change {
            $0.enable(product)
        } andTell: {
            $0.enableProduct(product)
        }
    }

    /// Asks no longer for a product. Its callback stays and is told when the agent takes its configurations back.
    public func disableProduct(_ product: String) {
        change {
            $0.disable(product)
        } andTell: {
            $0.disableProduct(product)
        }
    }

    /// Sets the capabilities in `mask` to what they are in `set`; others stay as they are.
    public func updateCapabilities(mask: Capabilities, set: Capabilities) {
        change {
            $0.update(mask: mask, set: set)
        } andTell: {
            $0.updateCapabilities(mask: mask, set: set)
        }
    }

    /// Changes what the requests say about the program: another service that it speaks for, say. The runtime identifier is
    /// not changed by it.
    public func updateTracer(_ change: @Sendable (inout ClientTracer) -> Void) {
        inTurn {
            var (tracer, client) = storage.withLock { ($0.wishes.tracer, $0.client) }
            change(&tracer)
            storage.withLock { [tracer] in $0.wishes.tracer = tracer }
            client?.poller.updateTracer { [tracer] current in
                let runtimeID = current.runtimeID
                current = tracer
                current.runtimeID = runtimeID
            }
        }
    }

    /// Changes the wishes and tells the client. What `edit` returns lives until no lock is held: its end is the program's
    /// code.
    @discardableResult
    private func change<Former>(
        _ edit: (inout RemoteConfigWishes) -> Former, andTell tell: (RemoteConfigPoller) -> Void
    ) -> Former {
        inTurn {
            let (former, client) = storage.withLock { storage in (edit(&storage.wishes), storage.client) }
            if let client { tell(client.poller) }
            return former
        }
    }
}

// MARK: What is in force

extension RemoteConfigProduct {
    /// Everything that is in force for a product, in the order of the paths; nothing without a client. Inside a callback it
    /// has what the callback is being told.
    public func payloads(for product: String) -> [Payload] { client?.poller.payloads(for: product) ?? [] }

    /// What became of a payload that a callback was given, as `RemoteConfigPoller.acknowledge(_:_:)` has it. False when it
    /// is not in force any more, or was in force for another client.
    @discardableResult
    public func acknowledge(_ payload: Payload, _ acknowledgement: Acknowledgement) -> Bool {
        client?.poller.acknowledge(payload, acknowledgement) ?? false
    }

    /// Has the agent asked soon, without waiting for the interval.
    public func pollSoon() { client?.thread.pollSoon() }

    /// What the client of this process knows, for a status; nil when there is none.
    public var state: RemoteConfigState? { client?.poller.state }

    /// The identifier of this process, as its requests have it; nil when there is no client.
    public var runtimeID: String? { client?.runtimeID }

    /// Whether the agent has said, to the client of this process, what is in force: before, nothing is, or what a parent knew.
    public var hasAnswer: Bool { client?.hasAnswer ?? false }
}
