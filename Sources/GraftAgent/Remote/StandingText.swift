// StandingText.swift: how far a configuration is in force, as an acknowledgement.
//
// Owns the words: which error comes first, which targets are named. The text is bounded by the acknowledgement.

internal import GraftConfig
internal import GraftRemoteConfig
internal import GraftSCA

extension Acknowledgement {
    /// What a configuration's standing is acknowledged as: an error when it was refused, in whole or in part; otherwise it
    /// is in force, and what of it is not instrumented is named.
    init(_ standing: Standing) {
        switch standing.state {
        case .applied:
            self = standing.unresolvedTargets == 0 ? .acknowledged : .incomplete(Self.unresolved(standing))
        case .partial, .refused, .ignored:
            // The acknowledgement says which configuration it is about.
            let first = standing.errors.first.map { "\($0.withoutPath)" } ?? standing.state.rawValue
            let more = standing.errors.count > 1 ? " (and \(standing.errors.count - 1) more)" : ""
            self = .error(first + more)
        }
    }

    /// `2 of 3 targets unresolved: libfoo.so:bar (pending), libfoo.so:baz (refused: no-code)`.
    private static func unresolved(_ standing: Standing) -> String {
        let names = standing.unresolved.map { target in
            let reason = target.reason.map { ": \($0)" } ?? ""
            return "\(target.target) (\(target.state.rawValue)\(reason))"
        }
        return "\(standing.unresolvedTargets) of \(standing.targets) targets unresolved: "
            + names.joined(separator: ", ")
    }
}

extension ConfigError {
    /// The same, without the configuration's path.
    fileprivate var withoutPath: ConfigError { ConfigError(code, message, place: place) }
}
