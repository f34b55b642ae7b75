// JSONPath: the way from the root of a JSON text to one of its values, as text.
//
// Owns the spelling only, that of RFC 9535: `$.targets[3]`, `$['a key']`. It never evaluates a path.
// Neighbours: JSONNode and JSONParser make paths, ConfigError prints them.

/// The way from the root of a JSON text to one of its values; prints as RFC 9535 spells it: `$.targets[3]`.
public struct JSONPath: Sendable, Hashable, CustomStringConvertible {
    /// One step of the way.
    public enum Step: Sendable, Hashable {
        /// Into the member of an object with this key.
        case key(String)
        /// Into the element of an array with this index.
        case index(Int)
    }

    /// The steps from the root; none for the root itself.
    public var steps: [Step]

    /// A path of these steps.
    public init(_ steps: [Step] = []) { self.steps = steps }

    /// The text: `$`, then `.name`, `['other key']` or `[index]` for each step.
    public var description: String {
        steps.reduce(into: "$") { text, step in
            switch step {
            case .index(let index): text += "[\(index)]"
            case .key(let key) where Self.isShorthand(key): text += ".\(key)"
            case .key(let key): text += "['\(Self.escaped(key))']"
            }
        }
    }

    /// Whether RFC 9535 lets the key follow a dot: letters, digits, `_` and all beyond ASCII, no digit first.
    private static func isShorthand(_ key: String) -> Bool {
        guard let first = key.unicodeScalars.first, !("0"..."9").contains(first) else { return false }
        return key.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_": true
            default: scalar.value >= 0xA0
            }
        }
    }

    /// The key as it stands between single quotes, with control characters made visible.
    private static func escaped(_ key: String) -> String {
        key.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "'", "\\": text += "\\\(scalar)"
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value):
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
