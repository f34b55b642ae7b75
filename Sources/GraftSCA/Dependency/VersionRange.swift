// VersionRange.swift: which versions of a package an advisory concerns.
//
// Owns the reading and the judgement of `package_versions`: a list of alternatives, each a list of conditions joined by
// commas. It compares only what a condition states, see `Condition.holds`. Neighbour: DebianVersion.swift orders.

/// A set of versions: `["<2.32.0", ">=42.2.0, <42.2.28"]` is what is older than 2.32.0, or from 42.2.0 to before 42.2.28.
package struct VersionRange: Hashable, Sendable {
    /// How a condition compares.
    package enum Comparison: String, Hashable, Sendable {
        case older = "<"
        case notNewer = "<="
        case newer = ">"
        case notOlder = ">="
        case equal = "=="
        case different = "!="
    }

    /// One condition: a comparison with a version.
    package struct Condition: Hashable, Sendable {
        /// How to compare.
        package var comparison: Comparison
        /// The version's text, which `DebianVersion` has accepted.
        package var version: String
    }

    /// The alternatives; each holds when all its conditions do.
    package var alternatives: [[Condition]]

    /// A range of these alternatives.
    package init(alternatives: [[Condition]]) { self.alternatives = alternatives }

    /// Whether one of the alternatives holds for this version. Nothing holds for a text that is no version.
    package func contains(_ version: String) -> Bool {
        guard let version = DebianVersion(version) else { return false }
        return alternatives.contains { $0.allSatisfy { $0.holds(for: version) } }
    }
}

extension VersionRange {
    /// Reads one alternative, `>=42.2.0, <42.2.28`; nil when a condition in it cannot be read: then it matches nothing.
    package static func alternative(_ text: String) -> [Condition]? {
        var conditions: [Condition] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let condition = Condition(part) else { return nil }
            conditions.append(condition)
        }
        return conditions.isEmpty ? nil : conditions
    }
}

extension VersionRange.Condition {
    /// Reads a condition; a version by itself means exactly that one, and so does a single `=`.
    init?(_ text: Substring) {
        let text = text.trimmingSpaces()
        let mark = text.prefix { "<>=!".contains($0) }
        guard let comparison = mark.isEmpty || mark == "=" ? .equal : VersionRange.Comparison(rawValue: String(mark))
        else { return nil }
        let version = text[mark.endIndex...].trimmingSpaces()
        guard DebianVersion(version) != nil else { return nil }
        self.init(comparison: comparison, version: String(version))
    }

    /// Whether a version meets the condition.
    ///
    /// Advisories mostly state the upstream project's version, `<7.2.4`, and distributions put an epoch before and a
    /// revision behind it, `5:7.0.15-1~deb12u1`. So a part that the condition does not state is not compared: without
    /// an epoch the epoch is set aside, without a revision the revision is.
    func holds(for installed: DebianVersion) -> Bool {
        guard let stated = DebianVersion(version) else { return false }
        var installed = installed
        if stated.epoch == nil { installed.epoch = nil }
        if stated.revision == nil { installed.revision = nil }
        return switch comparison {
        case .older: installed < stated
        case .notNewer: installed <= stated
        case .newer: installed > stated
        case .notOlder: installed >= stated
        case .equal: installed == stated
        case .different: installed != stated
        }
    }
}

extension VersionRange.Condition: CustomStringConvertible {
    /// `<2.32.0`.
    package var description: String { comparison.rawValue + version }
}

extension VersionRange: CustomStringConvertible {
    /// `<2.32.0 or >=42.2.0, <42.2.28`.
    package var description: String {
        alternatives.map { $0.map(\.description).joined(separator: ", ") }.joined(separator: " or ")
    }
}

extension Substring {
    /// The text without spaces and tabs at its ends.
    func trimmingSpaces() -> Substring {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = drop(while: isSpace)
        while text.last.map(isSpace) == true { text = text.dropLast() }
        return text
    }
}
