// StreamSecrets: what is never written to a file.
//
// Owns the rules by which a setting counts as secret: by its source, by its name, by the names inside its value, and by a
// password in an address. It withholds too much rather than too little: what is withheld is asked for again, what is written is
// out. It knows no file. Neighbour: StreamCacheFile writes what is left.

internal import Glibc
internal import GraftConfig

/// Which settings are withheld from a file.
///
/// ```swift
/// let secrets = StreamSecrets(adding: ["my_agent.license"])
/// ```
///
/// Withheld are: a key that the store of secrets has set, under all of its sources, since what they say would be in force in the
/// secret's stead; a setting, or a member of a map at any depth, whose name contains one of the patterns in whatever case; a text
/// that is JSON with such a name in it; and a text with an address that has a password (`http://user:password@proxy`).
public struct StreamSecrets: Sendable, Hashable {
    /// The parts of names by which secrets are known, in lower case.
    public static let usualPatterns = [
        "additional_endpoints", "api_key", "api-key", "apikey", "app_key", "app-key", "appkey", "application_key",
        "auth_key", "authkey", "authorization", "bearer", "community_string", "cookie", "credential", "encryption_key",
        "passphrase", "passwd", "password", "priv_key", "private_key", "privkey", "secret", "token",
    ]

    /// The parts of names by which secrets are known, in lower case. Any of them suffices; none may be empty.
    public let patterns: [String]

    /// The usual patterns, and `adding`, in whatever case. An empty one is left out: it would withhold everything.
    public init(adding: [String] = []) {
        patterns = Self.usualPatterns + adding.filter { !$0.isEmpty }.map { StreamKey.fold($0) }
    }

    /// What is left of settings, and how many settings, members and elements were withheld.
    func withhold(from settings: [StreamSetting]) -> (kept: [StreamSetting], withheld: Int) {
        var secretKeys: Set<String> = []
        for setting in settings where StreamSource(setting.source) == .secret {
            secretKeys.insert(StreamKey.fold(setting.key))
        }
        var withheld = 0
        let kept = settings.compactMap { setting -> StreamSetting? in
            let name = StreamKey.fold(setting.key)
            guard !secretKeys.contains(name), !matches(name) else {
                withheld += 1
                return nil
            }
            guard let value = setting.value else { return setting }
            return clean(value, &withheld).map { StreamSetting(key: setting.key, source: setting.source, value: $0) }
        }
        return (kept, withheld)
    }

    /// Whether something of a setting's value would be withheld: for those who show values to people.
    package func withholdsAnything(of value: StreamValue, key: String) -> Bool {
        withhold(from: [StreamSetting(key: key, source: "", value: value)]).withheld > 0
    }

    /// What may be written of a value; nil when nothing may. Counts what is withheld.
    private func clean(_ value: StreamValue, _ withheld: inout Int) -> StreamValue? {
        switch value {
        case .null, .bool, .number:
            return value
        case .string(let text):
            guard hides(text) else { return value }
            withheld += 1
            return nil
        case .list(let values):
            return .list(values.compactMap { clean($0, &withheld) })
        case .map(let values):
            var kept: [String: StreamValue] = [:]
            for (name, value) in values {
                if matches(StreamKey.fold(name)) {
                    withheld += 1
                } else if let value = clean(value, &withheld) {
                    kept[name] = value
                }
            }
            return .map(kept)
        }
    }

    /// Whether a name, in lower case, contains a pattern.
    private func matches(_ name: String) -> Bool {
        StreamKey.withBytes(of: name) { bytes, count in
            patterns.contains { pattern in
                StreamKey.withBytes(of: pattern) { Self.find($0, $1, in: bytes, count) != nil }
            }
        }
    }
}

// MARK: Texts

extension StreamSecrets {
    /// Whether a text holds something secret: a password in an address, or JSON with a secret's name in it.
    private func hides(_ text: String) -> Bool {
        if Self.hasPassword(text) { return true }
        switch text.utf8.first(where: { $0 > UInt8(ascii: " ") }) {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            // What is no JSON may be of a kind like it: then every name counts, wherever it stands.
            guard let document = try? JSONDocument.parse(text) else { return matches(StreamKey.fold(text)) }
            return names(in: document.root)
        default:
            return false
        }
    }

    /// Whether a secret's name is among the names in a value, or a password among its texts.
    private func names(in node: JSONNode) -> Bool {
        if let members = node.members {
            return members.contains { matches(StreamKey.fold($0.key)) || names(in: $0.value) }
        }
        if let elements = node.elements { return elements.contains { names(in: $0) } }
        return node.string.map { Self.hasPassword($0) } ?? false
    }

    /// Where bytes stand in others first; nil when they do not. `part` is not empty.
    private static func find(
        _ part: UnsafeRawPointer, _ partCount: Int, in bytes: UnsafeRawPointer, _ count: Int
    ) -> UnsafeRawPointer? {
        let first = Int32(part.load(as: UInt8.self))
        var place = bytes
        var left = count
        while left >= partCount, let found = memchr(place, first, left - partCount + 1) {
            if memcmp(found, part, partCount) == 0 { return UnsafeRawPointer(found) }
            left -= UnsafeRawPointer(found) - place + 1
            place = UnsafeRawPointer(found) + 1
        }
        return nil
    }

    /// Whether a text has an address with somebody's name or password in it: `://`, and `@` before the next `/`.
    private static func hasPassword(_ text: String) -> Bool {
        StreamKey.withBytes(of: text) { bytes, count in
            let end = bytes + count
            var rest = bytes
            while let mark = find("://", 3, in: rest, end - rest) {
                var place = mark + 3
                rest = place
                while place < end {
                    let byte = place.load(as: UInt8.self)
                    if byte == UInt8(ascii: "@") { return true }
                    if byte == UInt8(ascii: "/") || byte <= UInt8(ascii: " ") { break }
                    place += 1
                }
            }
            return false
        }
    }
}
