// GateTests: which environments open the gate, and what is said of the others.

import GraftSCA
import Testing

@Suite("The gate")
struct GateTests {
    /// An environment in which everything is on.
    static let on = ["DD_SCA_DETECTION_ENABLED": "1", "DD_APPSEC_ENABLED": "true", "DD_APPSEC_SCA_ENABLED": "TRUE"]

    @Test("is closed by default, and says which variables are missing")
    func closedByDefault() {
        let gate = Gate(environment: [:])
        #expect(!gate.isOpen)
        #expect(gate.missing.map(\.variable) == Gate.Variable.allCases)
        let reason =
            "DD_SCA_DETECTION_ENABLED is not set; DD_APPSEC_ENABLED is not set; DD_APPSEC_SCA_ENABLED is not set"
        #expect(gate.reason == reason)
    }

    @Test("is open when all three variables are on")
    func open() {
        #expect(Gate(environment: Self.on).isOpen)
        #expect(Gate(environment: Self.on).reason == nil)
    }

    @Test("is closed when one variable is missing", arguments: Gate.Variable.allCases)
    func oneMissing(_ variable: Gate.Variable) {
        var environment = Self.on
        environment[variable.rawValue] = nil
        #expect(Gate(environment: environment).missing.map(\.variable) == [variable])
    }

    @Test("takes 1 and true in any case for on", arguments: ["1", "true", "True", "TRUE", "tRuE"])
    func truthy(_ value: String) {
        var environment = Self.on
        environment["DD_APPSEC_ENABLED"] = value
        #expect(Gate(environment: environment).isOpen)
    }

    @Test(
        "takes everything else for off", arguments: ["", "0", "false", "yes", "on", " 1", "1 ", "2", "11", "trueish"])
    func falsy(_ value: String) {
        var environment = Self.on
        environment["DD_APPSEC_ENABLED"] = value
        let gate = Gate(environment: environment)
        #expect(!gate.isOpen)
        #expect(gate.reason == "DD_APPSEC_ENABLED is \"\(value)\", not \"1\" or \"true\"")
    }
}
