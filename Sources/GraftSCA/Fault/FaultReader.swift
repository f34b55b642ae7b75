// FaultReader.swift: from a payload's element to a fault.
//
// Owns the shape of an action and the form of its result: the bytes that the signature's result type has. What cannot be
// read is an error with its place. Neighbours: PayloadReader.swift knows which elements are faults, Fault.swift.

package import Graft
package import GraftConfig

/// Reads one fault:
///
/// ```json
/// {"target": "libc.so.6:open", "signature": "i32(cstr,i32,u32)", "action": {"return": -1, "errno": 13, "delay_ms": 50}}
/// ```
///
/// An action has a `return`, with an `errno` if one likes, or a `delay_ms`, or all; without `return` the original is called
/// after the delay. The result of a function that returns nothing is `null`.
package enum FaultReader {
    /// Reads a fault for a target.
    package static func read(_ node: JSONNode, target: Target) throws(ConfigError) -> Fault {
        guard let field = node["signature"], let text = field.string else {
            throw (node["signature"] ?? node).error("a fault has a \"signature\", like \"i32(cstr,i32)\"")
        }
        let signature: Signature
        do throws(GraftError) {
            signature = try Signature(text)
        } catch {
            throw field.error("\(error.message) (\(error.place.map { "\($0)" } ?? text))")
        }
        guard let action = node["action"], action.kind == .object else {
            throw (node["action"] ?? node).error("a fault has an object \"action\"")
        }
        return Fault(target: target, signature: signature, action: try read(action, for: signature))
    }

    /// Reads an action.
    private static func read(_ node: JSONNode, for signature: Signature) throws(ConfigError) -> FaultAction {
        var action = FaultAction()
        if let field = node["return"] {
            guard let bytes = result(field, type: signature.resultType) else {
                throw field.error("not a result of the type \(signature.resultType)")
            }
            action.result = bytes
        }
        if let number = try integer(node["errno"], upTo: FaultLimits.errorNumber) {
            guard action.result != nil else { throw node.error("an \"errno\" comes with a \"return\"") }
            action.errorNumber = Int32(number)
        }
        if let delay = try integer(node["delay_ms"], upTo: FaultLimits.delay) { action.delay = UInt32(delay) }
        guard action.result != nil || action.delay > 0 else {
            throw node.error("an action has a \"return\" or a \"delay_ms\"")
        }
        return action
    }

    /// An integer from 0 to a limit; nil when the field is not there.
    private static func integer(_ node: JSONNode?, upTo limit: Int64) throws(ConfigError) -> Int64? {
        guard let node else { return nil }
        guard let number = node.integer, (0...limit).contains(number) else {
            throw node.error("an integer from 0 to \(limit) is expected")
        }
        return number
    }

    /// The bytes of a result of a type, as the program has them in memory; nil when the value is none of that type.
    private static func result(_ node: JSONNode, type: String) -> [UInt8]? {
        switch type {
        case "void": node.isNull ? [] : nil
        case "bool": node.bool.map { [$0 ? 1 : 0] }
        case "i8": bytes(node, as: Int8.self)
        case "i16": bytes(node, as: Int16.self)
        case "i32": bytes(node, as: Int32.self)
        case "i64": bytes(node, as: Int64.self)
        case "u8": bytes(node, as: UInt8.self)
        case "u16": bytes(node, as: UInt16.self)
        case "u32": bytes(node, as: UInt32.self)
        case "u64": bytes(node, as: UInt64.self)
        case "f32": node.number.map { withUnsafeBytes(of: Float($0), Array.init) }
        case "f64": node.number.map { withUnsafeBytes(of: $0, Array.init) }
        case "ptr", "cstr": node.isNull ? [UInt8](repeating: 0, count: 8) : bytes(node, as: Int64.self)
        default: nil
        }
    }

    /// The bytes of an integer that fits.
    private static func bytes<Number: FixedWidthInteger>(_ node: JSONNode, as type: Number.Type) -> [UInt8]? {
        node.integer.flatMap { Number(exactly: $0) }.map { withUnsafeBytes(of: $0, Array.init) }
    }
}

extension Signature {
    /// The type of the result, as it is written.
    fileprivate var resultType: String {
        String(text.prefix { $0 != "(" }.filter { $0 != " " })
    }
}
