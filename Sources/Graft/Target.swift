// Target.swift: how a caller names functions, checked.
//
// Owns a text that the C grammar (target.h) has accepted; nothing else in Swift parses targets. It never looks at an
// image: whether anything matches is known when a probe is installed.

internal import CGraft

/// The name of one or more functions: `libpq.so.5:PQexec`, `Shop:Order.price(_:of:)`, `build-id:1f2e…+0x1234`.
///
/// ```swift
/// let target = try Target("libc.so.6:getpid")
/// ```
public struct Target: Hashable, Sendable {
    /// The most bytes that a target's text may have.
    public static let maximumLength = Int(GRAFT_TARGET_MAX)

    /// The text, as it was given.
    public let text: String

    /// Accepts a text that follows the grammar. The error of any other has the place `.target(text, offset:)`, the
    /// byte at which reading failed.
    public init(_ text: String) throws(GraftError) {
        // A C string ends at the first zero byte, so a text that contains one would be cut short and then accepted.
        if let zero = text.utf8.firstIndex(of: 0) {
            let offset = text.utf8.distance(from: text.utf8.startIndex, to: zero)
            throw GraftError(GRAFT_TARGET_SYNTAX, place: .target(text, offset: offset))
        }
        var offset = 0
        let status = graft_target_check(text, &offset)
        try GraftError.check(status, place: .target(text, offset: offset))
        self.text = text
    }
}

extension Target: Comparable {
    /// The order of the texts.
    public static func < (left: Target, right: Target) -> Bool { left.text < right.text }
}

extension Target: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}
