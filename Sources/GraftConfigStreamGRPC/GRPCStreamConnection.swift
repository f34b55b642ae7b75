// GRPCStreamConnection: the three calls, on one connection.
//
// Owns what goes into each call: the metadata, the deadline, the limits on messages. Neighbours: GRPCStreamTransport
// makes it; StreamMessageDeserializer reads what the stream brings; Generated/ has the calls' names and the small
// messages.
#if ConfigStream

    internal import GRPCCore
    internal import GRPCNIOTransportHTTP2Posix
    internal import GRPCProtobuf
    internal import GraftConfigStream
    internal import SwiftProtobuf

    /// The three calls, on one connection.
    struct GRPCStreamConnection: StreamConnection {
        /// The client that owns the connection.
        let client: GRPCClient<HTTP2ClientTransport.Posix>
        /// The value of the metadata `authorization`.
        let authorization: String
        /// The sockets below, which know why there is none.
        let sockets: Sockets
        /// The limits and the times.
        let options: GRPCStreamOptions

        func register(_ request: RegistrationRequest) async throws(StreamFailure) -> Registration {
            let message = Datadog_Remoteagent_V1_RegisterRemoteAgentRequest.with {
                $0.pid = request.pid
                $0.flavor = request.flavor
                $0.displayName = request.displayName
                $0.apiEndpointUri = request.apiEndpointURI
                $0.services = request.services
            }
            do {
                let answer = try await stub.registerRemoteAgent(message, metadata: metadata(), options: bounded)
                return Registration(
                    sessionID: answer.sessionID, refreshIntervalSeconds: answer.recommendedRefreshIntervalSecs)
            } catch {
                throw sockets.failure(error)
            }
        }

        func refresh(sessionID: String) async throws(StreamFailure) {
            let message = Datadog_Remoteagent_V1_RefreshRemoteAgentRequest.with { $0.sessionID = sessionID }
            do {
                _ = try await stub.refreshRemoteAgent(message, metadata: metadata(), options: bounded)
            } catch {
                throw sockets.failure(error)
            }
        }

        func stream(
            client name: String, sessionID: String, receive: @Sendable (StreamMessage) throws -> Void
        ) async throws {
            var metadata = metadata()
            metadata.addString(sessionID, forKey: "session_id")
            let request = ClientRequest(
                message: Datadog_Model_V1_ConfigStreamRequest.with { $0.name = name }, metadata: metadata)
            do {
                try await withoutActuallyEscaping(receive) { receive in
                    try await client.serverStreaming(
                        request: request,
                        descriptor: Datadog_Api_V1_AgentSecure.Method.StreamConfigEvents.descriptor,
                        serializer: ProtobufSerializer<Datadog_Model_V1_ConfigStreamRequest>(),
                        deserializer: StreamMessageDeserializer(),
                        options: limits
                    ) { response in
                        for try await message in response.messages {
                            do { try receive(message) } catch { throw Refused(cause: error) }
                        }
                    }
                }
                // A stream that is cancelled may end as one that is over.
                try Task.checkCancellation()
            } catch let refused as Refused {
                throw refused.cause
            } catch {
                try Task.checkCancellation()
                throw sockets.failure(error)
            }
        }

        /// What `receive` has thrown, among the errors of the call.
        private struct Refused: Error {
            let cause: any Error
        }

        /// The calls by name.
        private var stub: Datadog_Api_V1_AgentSecure.Client<HTTP2ClientTransport.Posix> { .init(wrapping: client) }

        /// What every call carries.
        private func metadata() -> Metadata { ["authorization": .string(authorization)] }

        /// The limits of every call. The transport takes the limit on what it is sent from the one on requests, and
        /// does not look at the one on responses: both are set.
        private var limits: CallOptions {
            var limits = CallOptions.defaults
            limits.maxRequestMessageBytes = options.messageBytesMax
            limits.maxResponseMessageBytes = options.messageBytesMax
            limits.waitForReady = false
            return limits
        }

        /// The limits of a call that is to be answered soon.
        private var bounded: CallOptions {
            var bounded = limits
            bounded.timeout = options.callTimeout
            return bounded
        }
    }

#endif
