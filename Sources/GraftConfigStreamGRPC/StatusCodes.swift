// StatusCodes: what went wrong in a call, as a StreamFailure.
//
// Owns the names of gRPC's status codes and the one sentence that is made of an error and what caused it. Neighbours:
// GRPCStreamConnection, GRPCStreamTransport.
#if ConfigStream

    internal import GRPCCore
    internal import GraftConfigStream

    extension StreamFailure {
        /// How gRPC's transport begins what it says of a server that cannot be reached; the cause that follows says it
        /// all.
        private static let preamble = "Channel is in a transient failure state and 'wait for ready' isn't enabled. "

        /// What gRPC's transport says of a message above the limit, within a status of another code.
        private static let tooLarge = "Message has exceeded the configured maximum payload size"

        /// The failure that an error of a call is.
        init(_ error: any Error) {
            switch error {
            case let failure as StreamFailure: self = failure
            case is CancellationError: self.init(.cancelled, "the call was cancelled")
            case let error as RPCError where error.code == .internalError && error.message.contains(Self.tooLarge):
                self.init(.resourceExhausted, Self.sentence(error.message, cause: nil))
            case let error as RPCError:
                var message = error.message
                if message.hasPrefix(Self.preamble) { message.removeFirst(Self.preamble.count) }
                self.init(Code(error.code), Self.sentence(message, cause: error.cause))
            case let error as RuntimeError:
                // The client has ended: the connection was used after its time.
                self.init(.unavailable, Self.sentence(error.message, cause: error.cause))
            default: self.init(.unknown, Self.sentence("\(error)", cause: nil))
            }
        }

        /// A message with what caused it, without a final full stop.
        private static func sentence(_ message: String, cause: (any Error)?) -> String {
            let message = message.hasSuffix(".") ? String(message.dropLast()) : message
            guard let cause else { return message }
            return message.isEmpty ? "\(cause)" : "\(message): \(cause)"
        }
    }

    extension StreamFailure.Code {
        /// The names of gRPC's status codes, by number.
        private static let names: [Int: Self] = [
            1: .cancelled, 2: .unknown, 3: .invalidArgument, 4: .deadlineExceeded, 5: .notFound,
            6: Self("already_exists"),
            7: .permissionDenied, 8: .resourceExhausted, 9: Self("failed_precondition"), 10: Self("aborted"),
            11: Self("out_of_range"), 12: .unimplemented, 13: .internalError, 14: .unavailable, 15: Self("data_loss"),
            16: .unauthenticated,
        ]

        /// The name of a status code.
        init(_ code: RPCError.Code) { self = Self.names[code.rawValue] ?? .unknown }
    }

#endif
