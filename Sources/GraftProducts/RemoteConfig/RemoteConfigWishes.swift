// RemoteConfigWishes: what the products of a program want of Remote Configuration, whichever client it has.
//
// Owns the record by which the client of a forked child is made equal to its parent's: a poller cannot be asked for it, as
// another thread may have held its lock at the fork. It calls nobody. Neighbour: RemoteConfigProduct keeps one.

internal import GraftRemoteConfig

/// Callbacks, enabled products, capabilities and the tracer's description.
struct RemoteConfigWishes: Sendable {
    /// A product's callback.
    private struct Registration: Sendable {
        /// The product.
        let product: String
        /// What is called.
        var callback: any RCCallback
    }

    /// In the order in which the products were first registered.
    private var registrations: [Registration] = []
    /// In the order in which they were enabled.
    private var enabled: [String] = []
    /// What the client can do.
    private var capabilities: Capabilities = []
    /// Who asks; without a runtime identifier.
    var tracer: ClientTracer

    /// Nothing is wanted yet.
    init(tracer: ClientTracer) { self.tracer = tracer }

    /// Enters a callback. What comes back is the one before it: it is to be let go where no lock is held.
    mutating func register(
        _ callback: any RCCallback, for product: String, capabilities added: Capabilities
    ) -> (any RCCallback)? {
        capabilities.formUnion(added)
        if let index = registrations.firstIndex(where: { $0.product == product }) {
            defer { registrations[index].callback = callback }
            return registrations[index].callback
        }
        registrations.append(Registration(product: product, callback: callback))
        return nil
    }

    /// Enters another callback in the place of one; nil, and nothing changes, when there is none.
    mutating func replace(_ callback: any RCCallback, for product: String) -> (any RCCallback)? {
        guard registrations.contains(where: { $0.product == product }) else { return nil }
        return register(callback, for: product, capabilities: [])
    }

    /// Strikes a callback out; it comes back.
    mutating func unregister(_ product: String) -> (any RCCallback)? {
        guard let index = registrations.firstIndex(where: { $0.product == product }) else { return nil }
        return registrations.remove(at: index).callback
    }

    /// Enters a product.
    mutating func enable(_ product: String) { if !enabled.contains(product) { enabled.append(product) } }

    /// Strikes a product out.
    mutating func disable(_ product: String) { enabled.removeAll { $0 == product } }

    /// Sets the capabilities in `mask` to what they are in `set`.
    mutating func update(mask: Capabilities, set: Capabilities) {
        capabilities.subtract(mask)
        capabilities.formUnion(set.intersection(mask))
    }

    /// Tells a client that knows nothing yet.
    func tell(_ poller: RemoteConfigPoller) {
        for registration in registrations { poller.registerCallback(registration.callback, for: registration.product) }
        for product in enabled { poller.enableProduct(product) }
        poller.updateCapabilities(mask: capabilities, set: capabilities)
    }
}
