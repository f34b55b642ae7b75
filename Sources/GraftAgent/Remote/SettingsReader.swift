// SettingsReader.swift: values of the environment, read with their limits.
//
// Owns the forms: a flag, a number of seconds, a list of tags. What cannot be read is a complaint and counts as not set.

/// Reads variables and remembers what was wrong.
struct SettingsReader {
    /// The variables that are set.
    private let values: [String: String]
    /// What was wrong, a line each.
    var complaints: [String] = []

    /// A reader of these variables.
    init(_ values: [String: String]) { self.values = values }

    /// On or off, by the first of these variables that is set: `1` and `true`, `0` and `false`, in any case of letters.
    mutating func flag(_ names: [String]) -> Bool? {
        guard let (name, text) = first(names) else { return nil }
        switch text.lowercased() {
        case "1", "true": return true
        case "0", "false": return false
        default:
            complaints.append("\(name): \"\(text)\" is none of 1, true, 0, false")
            return nil
        }
    }

    /// A number of seconds, by the first of these variables that is set.
    mutating func seconds(_ names: [String], in limits: ClosedRange<Double>) -> Duration? {
        guard let (name, text) = first(names) else { return nil }
        guard let value = Double(text), limits.contains(value) else {
            complaints.append(
                "\(name): \"\(text)\" is not a number of seconds from \(limits.lowerBound) to \(limits.upperBound)")
            return nil
        }
        return .seconds(value)
    }

    /// Tags, `key:value`, with commas or, where there is none, blanks between them. Too many and too long ones are left out.
    mutating func tags(_ name: String, most: Int, bytes: Int) -> [String] {
        guard let text = values[name] else { return [] }
        let separator: Character = text.contains(",") ? "," : " "
        let tags = text.split(separator: separator).map { $0.trimmed }.filter { !$0.isEmpty }
        let fitting = tags.filter { $0.utf8.count <= bytes }.prefix(most)
        if fitting.count < tags.count {
            complaints.append(
                "\(name): \(tags.count - fitting.count) tags are left out: at most \(most) of \(bytes) bytes are sent")
        }
        return Array(fitting)
    }

    /// The first of these variables that is set.
    private func first(_ names: [String]) -> (name: String, text: String)? {
        for name in names { if let text = values[name] { return (name, text) } }
        return nil
    }
}

extension Substring {
    /// Without blanks at its ends.
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
