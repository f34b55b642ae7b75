// FaultTests: faults in payloads: their gate, their shape, and what the product makes of them.

import Glibc
import Graft
import GraftConfig
import GraftTestKit
import Testing

@testable import GraftSCA

@Suite("A fault")
struct FaultTests {
    /// An environment in which faults are on as well.
    private static let on = GateTests.on.merging([FaultGate.variable: "1"]) { $1 }

    /// A payload with one fault.
    private func payload(
        _ action: String, signature: String = "i32(cstr,i32)", target: String = "libc.so.6:open"
    ) -> String {
        #"{"targets": [{"target": "\#(target)", "signature": "\#(signature)", "action": \#(action)}]}"#
    }

    /// Reads a payload.
    private func read(_ text: String, refusing reason: String? = nil) throws -> Payload {
        try PayloadReader.read(Array(text.utf8), refusingFaults: reason)
    }

    @Test("is refused, with the reason, while its gate is closed", arguments: [nil, "0", "yes"])
    func closed(value: String?) {
        var environment = GateTests.on
        environment[FaultGate.variable] = value
        let stage = Stage(gate: Gate(environment: environment))
        let answer = stage.put(payload(#"{"return": -1}"#))
        #expect(answer.state == .partial)
        #expect(answer.errors.map(\.code) == [.disabled])
        #expect(answer.errors.first?.place?.path.description == "$.targets[0]")
        #expect(stage.core.batches.isEmpty)
        let report = stage.product.status().targets
        #expect(report.map(\.state) == [.refused])
        #expect(report.first?.reason?.contains("GRAFT_FAULT_INJECTION_ENABLED") == true)
    }

    @Test("has a result, an errno, a delay")
    func actions() throws {
        let fault = try #require(read(payload(#"{"return": -2, "errno": 13, "delay_ms": 5}"#)).faults.first)
        #expect(fault.target.text == "libc.so.6:open" && fault.signature.text == "i32(cstr,i32)")
        #expect(fault.action == FaultAction(result: [0xfe, 0xff, 0xff, 0xff], errorNumber: 13, delay: 5))
        let delay = try #require(read(payload(#"{"delay_ms": 5}"#)).faults.first)
        #expect(delay.action == FaultAction(result: nil, errorNumber: nil, delay: 5))
    }

    @Test(
        "has a result of its signature's type",
        arguments: [
            ("void", "null", [UInt8]()), ("bool", "true", [1]), ("i8", "-1", [255]), ("u16", "65535", [255, 255]),
            ("ptr", "null", [0, 0, 0, 0, 0, 0, 0, 0]), ("cstr", "1", [1, 0, 0, 0, 0, 0, 0, 0]),
            ("f64", "1", [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]), ("f32", "0.5", [0, 0, 0, 0x3f]),
        ])
    func results(type: String, value: String, bytes: [UInt8]) throws {
        let fault = try read(payload(#"{"return": \#(value)}"#, signature: " \(type) ()")).faults.first
        #expect(fault?.action.result == bytes)
    }

    @Test(
        "is refused alone when it cannot be read",
        arguments: [
            (#"{"return": 1.5}"#, "i32()", "$.targets[0].action.return"),
            (#"{"return": 128}"#, "i8()", "$.targets[0].action.return"),
            (#"{"return": "x"}"#, "cstr()", "$.targets[0].action.return"),
            (#"{"return": null}"#, "i32()", "$.targets[0].action.return"),
            (#"{"return": 1}"#, "{i32}()", "$.targets[0].action.return"),
            (#"{"errno": 13}"#, "i32()", "$.targets[0].action"),
            (#"{"return": 1, "errno": 4096}"#, "i32()", "$.targets[0].action.errno"),
            (#"{"delay_ms": 60001}"#, "i32()", "$.targets[0].action.delay_ms"),
            (#"{"delay_ms": -1}"#, "i32()", "$.targets[0].action.delay_ms"),
            (#"{}"#, "i32()", "$.targets[0].action"), (#"5"#, "i32()", "$.targets[0].action"),
            (#"{"return": 1}"#, "i33()", "$.targets[0].signature"),
        ])
    func mistakes(action: String, signature: String, place: String) throws {
        let payload = try read(payload(action, signature: signature))
        #expect(payload.faults.isEmpty && payload.refused.count == 1)
        #expect(payload.errors.map { $0.place?.path.description } == [place])
    }

    @Test("goes as far as its limits")
    func limits() throws {
        #expect(try read(payload(#"{"return": 1, "errno": 4095, "delay_ms": 60000}"#)).errors.isEmpty)
    }

    @Test("comes and goes with its configuration")
    func life() throws {
        let stage = Stage(gate: Gate(environment: Self.on))
        let text = payload(#"{"return": -1}"#)
        #expect(stage.put(text, at: "/a").state == .applied)
        #expect(stage.put(text, at: "/b").state == .applied)
        let installs = try stage.core.snapshot().probes
        #expect(installs.map(\.mode) == [.around])
        #expect(stage.product.status().targets.map(\.mode) == [.around])
        stage.remove("/a")
        #expect(try stage.core.snapshot().probes.count == 1)
        stage.put(payload(#"{"return": -2}"#), at: "/b")
        #expect(try stage.core.snapshot().probes.map(\.probe) != installs.map(\.probe))
        stage.put(targets: ["libc.so.6:open"], at: "/c", snapshot: true)
        #expect(try stage.core.snapshot().probes.map(\.mode) == [.once])
    }

    @Test("is real")
    func real() throws {
        let product = SCAProduct(gate: Gate(environment: Self.on))
        defer { product.stop() }
        let text = payload(#"{"return": 77, "errno": 5}"#, signature: "i32(i32)", target: "libc.so.6:abs")
        let update = ConfigUpdate(
            path: "/p", version: 1, sequence: 1, isSnapshot: false, content: .payload(Array(text.utf8)))
        #expect(product.apply(update).state == .applied)
        let absolute = unsafeBitCast(try #require(dlsym(nil, "abs")), to: (@convention(c) (Int32) -> Int32).self)
        errno = 0
        #expect(absolute(-3) == 77)
        #expect(errno == 5)
        let target = try #require(product.status().targets.first)
        #expect(target.state == .installed && target.entryPoints.first?.hits == 1)
        product.stop()
        #expect(absolute(-3) == 3)
    }
}
