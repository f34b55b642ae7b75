// Signature.swift: how a function is called, checked.
//
// Owns a text that the C grammar (around.h) has accepted. Whether it is right for a function is known when a probe is
// installed, as far as debug information says it. Neighbour: Around.swift.

internal import CGraft

/// The types of a function's result and arguments: `i32(ptr,u64,f64)`, `{i64,f64}(cstr)`, `void()`.
///
/// Types are `void bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 ptr cstr`, and structs by value as their members in braces.
///
/// ```swift
/// let signature = try Signature("i32(cstr,i32,u32)")  // open
/// ```
public struct Signature: Hashable, Sendable {
    /// The most bytes that a signature's text may have.
    public static let maximumLength = Int(GRAFT_SIGNATURE_MAX)
    /// The most arguments.
    public static let maximumArguments = Int(GRAFT_ARGUMENTS_MAX)

    /// The text, as it was given.
    public let text: String

    /// Accepts a text that follows the grammar. The error of any other has the place `.signature(text, offset:)`, the
    /// byte at which reading failed.
    public init(_ text: String) throws(GraftError) {
        // A C string ends at the first zero byte, so a text that contains one would be cut short and then accepted.
        if let zero = text.utf8.firstIndex(of: 0) {
            let offset = text.utf8.distance(from: text.utf8.startIndex, to: zero)
            throw GraftError(GRAFT_SIGNATURE_SYNTAX, place: .signature(text, offset: offset))
        }
        var offset = 0
        let status = graft_signature_check(text, &offset)
        try GraftError.check(status, place: .signature(text, offset: offset))
        self.text = text
    }
}

extension Signature: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}
