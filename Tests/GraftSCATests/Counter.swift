// Counter: a number and a flag that closures of a test share.

import Synchronization

/// A number that closures share.
final class Counter: Sendable {
    /// The number.
    private let number = Atomic(0)
    /// The number, now.
    var value: Int { number.load(ordering: .relaxed) }
    /// Adds one.
    func add() { number.add(1, ordering: .relaxed) }
}

/// Something that closures share.
final class Box<Value: Sendable>: Sendable {
    /// The value.
    private let content: Mutex<Value>
    /// A box with this value.
    init(_ value: Value) { content = Mutex(value) }
    /// The value, now.
    var value: Value { content.withLock { $0 } }
    /// Sets the value.
    func set(_ value: Value) { content.withLock { $0 = value } }
}

/// Yes or no.
typealias Flag = Box<Bool>
