// Fault.swift: a fault that a configuration asks for: another answer in the place of a function, or a delay before it.
//
// Owns values, and the closure that carries one out. Neighbours: FaultReader.swift reads them, Faults.swift installs them.

package import Graft

/// A fault in the place of one target.
package struct Fault: Hashable, Sendable {
    /// Which functions.
    package var target: Target
    /// How they are called.
    package var signature: Signature
    /// What happens instead.
    package var action: FaultAction
}

/// What happens when a function with a fault is called.
package struct FaultAction: Hashable, Sendable {
    /// The bytes of the result, when the original is not called; empty for `void`. Nil calls the original.
    package var result: [UInt8]?
    /// What `errno` is set to with the result; nil leaves it alone.
    package var errorNumber: Int32?
    /// Milliseconds before all that.
    package var delay: UInt32 = 0
}

extension Fault {
    /// The probe that this fault is.
    var request: ProbeRequest {
        let action = action
        let around = Around(signature) { call in
            if action.delay > 0 { call.delay(milliseconds: action.delay) }
            guard let result = action.result else { return call.callOriginal() }
            call.withResultBytes { $0.copyBytes(from: result.prefix($0.count)) }
            if let number = action.errorNumber { call.errorNumber = number }
        }
        return ProbeRequest(target: target, around: around)
    }
}

/// How far a fault may go.
package enum FaultLimits {
    /// Milliseconds that a call may be delayed.
    package static let delay: Int64 = 60_000
    /// The highest number that `errno` may be set to: what the kernel uses.
    package static let errorNumber: Int64 = 4_095
}
