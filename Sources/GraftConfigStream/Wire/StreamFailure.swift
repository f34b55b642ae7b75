// StreamFailure: how a call to a core agent failed.
//
// Owns the one error that transports throw: a gRPC status, or what kept a call from having one. What follows from it is
// the consumer's business. Neighbours: StreamTransport.

/// How a call to a core agent failed.
public struct StreamFailure: Error, Sendable, Hashable {
    /// The kind of failure: the name of a gRPC status code, or one of `credentials` and `address`. Open.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The name, in snake case and stable across releases: `permission_denied`.
        public let name: String

        /// A code of this name.
        public init(_ name: String) { self.name = name }

        /// The name.
        public var description: String { name }

        /// The call was cancelled.
        public static let cancelled = Code("cancelled")
        /// The request was wrong.
        public static let invalidArgument = Code("invalid_argument")
        /// No answer in time.
        public static let deadlineExceeded = Code("deadline_exceeded")
        /// The session that was to be refreshed is not known.
        public static let notFound = Code("not_found")
        /// The session is not, or no longer, registered.
        public static let permissionDenied = Code("permission_denied")
        /// A message is larger than the limit.
        public static let resourceExhausted = Code("resource_exhausted")
        /// An old core agent, or one whose registry is off.
        public static let unimplemented = Code("unimplemented")
        /// Something broke in the core agent or in the transport.
        public static let internalError = Code("internal")
        /// Nobody answers at the address, or the connection broke.
        public static let unavailable = Code("unavailable")
        /// The token or the session's metadata is missing or wrong.
        public static let unauthenticated = Code("unauthenticated")
        /// Any other status.
        public static let unknown = Code("unknown")
        /// The token or the certificate cannot be read or used; nothing was sent.
        public static let credentials = Code("credentials")
        /// The address cannot be used; nothing was sent.
        public static let address = Code("address")
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence, without a final full stop: the status's message, or our own.
    public var message: String

    /// A failure with these parts.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether it says that the session is gone: only then is a new registration wanted. Nothing else says anything
    /// about the session.
    public var rejectsSession: Bool {
        code == .notFound || code == .permissionDenied || code == .unauthenticated
    }
}

extension StreamFailure: CustomStringConvertible {
    /// `code: message`.
    public var description: String { message.isEmpty ? code.name : "\(code.name): \(message)" }
}
