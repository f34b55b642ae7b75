// The JSON reader and writer against Foundation's, on thousands of generated documents, whole and damaged.

import Foundation
import GraftConfig
import Testing

/// A small deterministic generator, so that a failure can be repeated.
struct Dice: RandomNumberGenerator {
    /// What the next numbers follow from.
    var state: UInt64

    /// The next number (SplitMix64).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension Dice {
    /// A value with at most `depth` levels below it.
    mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &self) {
        case 0: return nil
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &self))
        case 3: return .integer(Int64.random(in: -100...100, using: &self))
        case 4: return .number(Double.random(in: -1...1, using: &self) * 1e10)
        case 5: return .string(text())
        case 6, 7: return .array((0..<Int.random(in: 0..<6, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<12, using: &self) { object[text()] = value(depth: depth - 1) }
            return .object(object)
        }
    }

    /// Text of ASCII, escapes and everything else.
    mutating func text() -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<24, using: &self) {
            switch Int.random(in: 0..<8, using: &self) {
            case 0: text.unicodeScalars.append(Unicode.Scalar(UInt8.random(in: 0..<0x80, using: &self)))
            case 1:
                text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: 0xE000...0x10FFFF, using: &self)) ?? "x")
            case 2: text += ["\"", "\\", "/", "é", "𝄞", "\u{2028}"].randomElement(using: &self) ?? ""
            default: text.unicodeScalars.append(Unicode.Scalar(UInt8.random(in: 0x61...0x7A, using: &self)))
            }
        }
        return text
    }
}

@Suite struct JSONDifferentialTests {
    /// What Foundation makes of the text; nil when it refuses.
    private func foundation(_ bytes: [UInt8]) -> Any? {
        try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
    }

    /// Whether Foundation read what we read.
    private func isSame(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .null: return theirs is NSNull
        case .bool(let value): return (theirs as? NSNumber)?.boolValue == value
        case .integer(let value): return (theirs as? NSNumber)?.int64Value == value
        case .number(let value):
            // Foundation goes by way of decimal numbers, whose value as a Double may be off by the last bit; that
            // ours is exact is what the round trip shows.
            guard let other = (theirs as? NSNumber)?.doubleValue else { return false }
            return abs(other - value) <= value.magnitude * 1e-15
        case .string(let value): return (theirs as? String).map { Array($0.utf8) == Array(value.utf8) } ?? false
        case .array(let elements):
            guard let list = theirs as? [Any], list.count == elements.count else { return false }
            return zip(elements, list).allSatisfy(isSame)
        case .object(let object):
            guard let members = theirs as? [String: Any], members.count == object.members.count else { return false }
            return object.members.allSatisfy { member in members[member.key].map { isSame(member.value, $0) } ?? false }
        }
    }

    @Test("whatever the writer writes, both readers read as the same", arguments: [1, 2, 3, 4])
    func agreesOnWholeDocuments(seed: UInt64) throws {
        var dice = Dice(state: seed)
        for _ in 0..<500 {
            let value = dice.value(depth: 4)
            for bytes in [JSONWriter.bytes(value), JSONWriter.bytes(value, style: .pretty, keyOrder: .sorted)] {
                let ours = try JSONDocument.parse(bytes).root.value
                let theirs = try #require(foundation(bytes))
                guard isSame(ours, theirs) else {
                    Issue.record("\(String(decoding: bytes, as: UTF8.self))")
                    return
                }
            }
            #expect(try JSONDocument.parse(JSONWriter.bytes(value)).root.value == value)
        }
    }

    @Test("what we accept of damaged documents, Foundation accepts and reads as the same", arguments: [5, 6, 7, 8])
    func agreesOnDamagedDocuments(seed: UInt64) {
        var dice = Dice(state: seed)
        let spice = Array("\"\\{}[]:,0123456789.eE+-tfn \n\u{1}é".utf8)
        var accepted = 0
        for _ in 0..<1_500 {
            var bytes = JSONWriter.bytes(dice.value(depth: 3))
            for _ in 0..<Int.random(in: 1...2, using: &dice) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &dice)
                switch Int.random(in: 0..<3, using: &dice) {
                case 0: bytes.remove(at: index)
                case 1: bytes.insert(spice.randomElement(using: &dice) ?? 0x20, at: index)
                default: bytes[index] = spice.randomElement(using: &dice) ?? 0x20
                }
            }
            guard let ours = try? JSONDocument.parse(bytes).root.value else { continue }
            accepted += 1
            guard let theirs = foundation(bytes), isSame(ours, theirs) else {
                Issue.record("\(String(decoding: bytes, as: UTF8.self))")
                return
            }
        }
        #expect(accepted > 50)
    }
}
