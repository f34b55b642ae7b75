// GRPCStreamTransport: the way to a core agent over gRPC.
//
// Owns the life of a connection: a client of its own each time, TLS in both directions with the core agent's one
// certificate, and an end that leaves nothing behind. It never tries twice and never falls back to plain text, over
// which the token would travel. Neighbours: Credentials and Target say with what and where; Sockets ends it;
// GRPCStreamConnection makes the calls.
#if ConfigStream

    internal import GRPCCore
    internal import GRPCNIOTransportHTTP2Posix
    public import GraftConfigStream

    /// The way to a core agent over gRPC.
    ///
    /// ```swift
    /// let transport = GRPCStreamTransport(
    ///     address: try CoreAgentAddress("localhost:5001"), files: IPCFiles(folder: "/etc/datadog-agent"))
    /// try await transport.withConnection { connection in
    ///     let session = try await connection.register(request)
    ///     try await connection.stream(client: "shop", sessionID: session.sessionID) { print($0.event) }
    /// }
    /// ```
    ///
    /// It may be used from any task, and for several connections at once. The threads are NIO's, of which there are as
    /// many as processors, for all of its users in the process; they stay. Nothing else stays of a connection that has
    /// ended.
    public struct GRPCStreamTransport: StreamTransport {
        /// Where to connect to.
        private let target: CoreAgentAddress
        /// Where the token and the certificate are; read at each connection.
        private let files: IPCFiles
        /// The limits and the times.
        private let options: GRPCStreamOptions

        /// Where it connects to, for messages.
        public var address: String { target.description }

        /// The way to the core agent at this address. Neither connects nor reads anything yet.
        public init(address: CoreAgentAddress, files: IPCFiles, options: GRPCStreamOptions = GRPCStreamOptions()) {
            target = address
            self.files = files
            self.options = options
        }

        /// Connects, and closes the connection when `body` has ended or the task is cancelled.
        ///
        /// The connection is made while `body` runs already: a call fails with `unavailable` as soon as nobody answers,
        /// or the server is not the one of the certificate. A connection that is lost is not made again: calls on it
        /// fail from then on.
        public func withConnection<Result: Sendable>(
            _ body: (any StreamConnection) async throws -> Result
        ) async throws -> Result {
            let credentials = try Credentials(files)
            let target = Target(target)
            let sockets = Sockets(options: options, isTCP: target.isTCP)
            let client = GRPCClient(transport: try transport(to: target, with: credentials, over: sockets))
            let connection = GRPCStreamConnection(
                client: client, authorization: credentials.authorization, sockets: sockets, options: options)
            return try await withTaskCancellationHandler {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await client.runConnections() }
                    // Ends also what the transport would wait for: a socket that connects, a stream that is still open.
                    defer {
                        client.beginGracefulShutdown()
                        sockets.close()
                        group.cancelAll()
                    }
                    return try await body(connection)
                }
            } onCancel: {
                sockets.close()
            }
        }

        /// The transport of one connection.
        private func transport(
            to target: Target, with credentials: Credentials, over sockets: Sockets
        ) throws(StreamFailure) -> HTTP2ClientTransport.Posix {
            var config = HTTP2ClientTransport.Posix.Config.defaults
            config.http2.authority = target.authority
            config.http2.targetWindowSize = options.windowBytes
            config.http2.maxFrameSize = options.frameBytesMax
            // Pings go on while no call is open: the transport stops them for good when there was a moment without one.
            config.connection.keepalive = options.keepalive.map {
                .init(time: $0.time, timeout: $0.timeout, allowWithoutCalls: true)
            }
            // A connection without a call stays: the caller decides when it ends.
            config.connection.maxIdleTime = nil
            config.connection.flushCoalescing = nil
            config.channelDebuggingCallbacks.onCreateTCPConnection = { sockets.admit($0) }
            do {
                return try HTTP2ClientTransport.Posix(
                    target: target.resolvable, transportSecurity: .tls(Self.security(credentials)), config: config)
            } catch {
                throw Credentials.failure(files.certificate, StreamFailure(error).message)
            }
        }

        /// TLS in both directions: the certificate is ours, the server's, and the only one that we trust.
        private static func security(_ credentials: Credentials) -> HTTP2ClientTransport.Posix.TransportSecurity.TLS {
            let certificates = credentials.certificates.map { TLSConfig.CertificateSource.bytes($0, format: .pem) }
            return .init(
                certificateChain: certificates,
                privateKey: .bytes(credentials.privateKey, format: .pem),
                serverCertificateVerification: .fullVerification,
                trustRoots: .certificates(certificates))
        }
    }

#endif
