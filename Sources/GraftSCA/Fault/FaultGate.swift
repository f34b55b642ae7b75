// FaultGate.swift: whether faults may be injected at all.
//
// Owns one variable and the rule. A gate of its own, beside the product's: whoever may choose what is watched may not
// thereby choose what a program does. Neighbour: Gate.swift, which carries it.

/// Whether faults are switched on, and if not, why.
public struct FaultGate: Hashable, Sendable {
    /// The variable that has to be `1` or `true`. It is off by default.
    public static let variable = "GRAFT_FAULT_INJECTION_ENABLED"

    /// Why faults are refused, for a person; nil when they are not.
    public let reason: String?

    /// The gate of this environment.
    public init(environment: [String: String]) {
        let value = environment[Self.variable]
        guard !Gate.isOn(value) else {
            reason = nil
            return
        }
        let state = value.map { "is \"\($0)\", not \"1\" or \"true\"" } ?? "is not set"
        reason = "faults are switched off: \(Self.variable) \(state)"
    }
}
