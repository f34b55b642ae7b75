// Gate.swift: whether the product may do anything at all.
//
// Owns the three variables and the rule; a pure function of an environment, read once by whoever owns the product.
// While the gate is closed nothing is read, loaded or patched. Neighbour: SCAProduct.swift asks it first.

/// Whether detection is switched on, and if not, what is missing.
///
/// ```swift
/// let gate = Gate(environment: ["DD_SCA_DETECTION_ENABLED": "1"])
/// print(gate.reason ?? "open")
/// // DD_APPSEC_ENABLED is not set; DD_APPSEC_SCA_ENABLED is not set
/// ```
public struct Gate: Hashable, Sendable {
    /// A variable that has to be on. All are off by default.
    public enum Variable: String, Hashable, Sendable, CaseIterable {
        /// Detection itself.
        case detection = "DD_SCA_DETECTION_ENABLED"
        /// Application security as a whole.
        case appsec = "DD_APPSEC_ENABLED"
        /// Software composition analysis.
        case sca = "DD_APPSEC_SCA_ENABLED"
    }

    /// A variable that is not on.
    public struct Missing: Hashable, Sendable, CustomStringConvertible {
        /// Which.
        public var variable: Variable
        /// Its value; nil when it is not set.
        public var value: String?

        /// `DD_APPSEC_ENABLED is "off", not "1" or "true"`.
        public var description: String {
            value.map { "\(variable.rawValue) is \"\($0)\", not \"1\" or \"true\"" }
                ?? "\(variable.rawValue) is not set"
        }
    }

    /// The variables that are not on, in their declared order.
    public let missing: [Missing]
    /// Whether a configuration may also ask for faults: a gate of its own, off by default.
    public let faults: FaultGate

    /// The gate of this environment. A variable is on when its value is `1` or, in any case of letters, `true`;
    /// everything else, also `yes` and `on`, is off, as in the other tracers.
    public init(environment: [String: String]) {
        faults = FaultGate(environment: environment)
        missing = Variable.allCases.compactMap { variable in
            let value = environment[variable.rawValue]
            return Gate.isOn(value) ? nil : Missing(variable: variable, value: value)
        }
    }

    /// Whether everything is on.
    public var isOpen: Bool { missing.isEmpty }

    /// Why it is closed, for a person; nil when it is open.
    public var reason: String? {
        isOpen ? nil : missing.map(\.description).joined(separator: "; ")
    }

    /// Whether a value switches a variable on.
    static func isOn(_ value: String?) -> Bool {
        guard let value else { return false }
        return value == "1" || value.lowercased() == "true"
    }
}
