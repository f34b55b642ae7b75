// TransportError: why a question did not reach the agent, or its answer did not reach us.
//
// Owns the one error of this folder. It names what it is about (a variable, an address) and, when bytes are to blame, the
// place of the first bad one. It is never fatal: the poller reports it and tries again. Sees nobody: the fuzzer builds it
// alone with the response's reader.

/// Why there is no answer.
///
/// ```swift
/// print(error)  // "http://127.0.0.1:8126: connection refused: nobody listens there"
/// ```
public struct TransportError: Error, Sendable, Hashable {
    /// The kind of error; open, so that a new kind breaks no `switch`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// A short name that is stable across releases, for reports.
        public let slug: String

        /// A code of the caller's own.
        public init(_ slug: String) { self.slug = slug }

        /// The slug.
        public var description: String { slug }

        /// The text of the address is none.
        public static let address = Code("address")
        /// What is to be sent cannot be sent as HTTP.
        public static let request = Code("request")
        /// The host's name leads to no address.
        public static let name = Code("name")
        /// Nobody listens at the address, or no socket is there.
        public static let unreachable = Code("unreachable")
        /// The time for the whole exchange has passed.
        public static let timedOut = Code("timed-out")
        /// The caller has taken the question back.
        public static let cancelled = Code("cancelled")
        /// The connection ended before the answer did.
        public static let closed = Code("closed")
        /// What came is not HTTP/1.1, or not in a form that this client asked for.
        public static let malformed = Code("malformed")
        /// A named limit was passed.
        public static let limit = Code("limit")
        /// A system call failed.
        public static let system = Code("system")
    }

    /// The kind of error.
    public var code: Code
    /// One sentence, without a final full stop.
    public var message: String
    /// What it is about: a variable, an address; nil when nobody has said.
    public var subject: String?
    /// How many bytes of the text, or of what the agent sent, come before the bad one; nil when no byte is to blame.
    public var offset: Int?

    /// An error, with its place as far as it is known.
    public init(_ code: Code, _ message: String, subject: String? = nil, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.subject = subject
        self.offset = offset
    }

    /// The same error, said of `subject` unless it already says what it is about.
    func about(_ subject: String) -> TransportError {
        TransportError(code, message, subject: self.subject ?? subject, offset: offset)
    }
}

extension TransportError: CustomStringConvertible {
    /// `subject: at byte offset: message`, without the parts that are not known.
    public var description: String {
        [subject, offset.map { "at byte \($0)" }, message].compactMap { $0 }.joined(separator: ": ")
    }
}
