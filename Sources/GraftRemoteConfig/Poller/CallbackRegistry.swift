// CallbackRegistry: who waits for which product's configurations.
//
// Owns the list of registrations, one for each product, in the order in which they came. It calls nobody. Neighbours:
// RemoteConfigPoller keeps one under its lock.

/// One callback, registered for one product.
struct Registration: Sendable {
    /// Tells it from the one before it and the one after it.
    let id: UInt64
    /// The product.
    let product: String
    /// What is called.
    let callback: any RCCallback
    /// What it has been given.
    var ledger = DeliveryLedger()
    /// Whether something may have changed since.
    var isDirty = true
    /// What was last wrong with its periodic call, so that it is logged once.
    var periodicTrouble: String?
}

/// The registrations.
struct CallbackRegistry: Sendable {
    /// In the order in which the products were first registered.
    private(set) var registrations: [Registration] = []
    /// The last registration's id.
    private var lastID: UInt64 = 0

    /// Registers a callback, in place of the one before it if there is one.
    mutating func register(_ callback: any RCCallback, for product: String) {
        if replace(callback, for: product) { return }
        lastID += 1
        registrations.append(Registration(id: lastID, product: product, callback: callback))
    }

    /// Puts another callback in the place of a product's; false when it has none. The new one knows nothing yet.
    mutating func replace(_ callback: any RCCallback, for product: String) -> Bool {
        guard let index = registrations.firstIndex(where: { $0.product == product }) else { return false }
        lastID += 1
        registrations[index] = Registration(id: lastID, product: product, callback: callback)
        return true
    }

    /// Removes a product's callback; false when it has none.
    mutating func unregister(_ product: String) -> Bool {
        guard let index = registrations.firstIndex(where: { $0.product == product }) else { return false }
        registrations.remove(at: index)
        return true
    }

    /// Something may have changed for a product.
    mutating func markDirty(_ product: String) {
        if let index = registrations.firstIndex(where: { $0.product == product }) {
            registrations[index].isDirty = true
        }
    }

    /// The registration with this id, if it still stands.
    subscript(id: UInt64) -> Registration? {
        get { registrations.first { $0.id == id } }
        set {
            guard let newValue, let index = registrations.firstIndex(where: { $0.id == id }) else { return }
            registrations[index] = newValue
        }
    }
}
