// ConnectionWatch: what gRPC's transport leaves open about one socket.
//
// Owns four things that the transport has no setting for: a bound on the time from the first packet to the server's
// first word in HTTP/2 (only the TCP handshake is bounded otherwise); whether the server has said such a word; an end
// without delay: TLS says goodbye when it closes, and NIO then waits 5 s for the answer, which not every server of gRPC
// gives, so here the goodbye is sent and not waited for, which HTTP/2, whose frames say where they end, allows; and that
// a socket which was refused is let go of. It sits next to TLS, on the side where bytes are plain. Neighbours: Sockets
// makes one for each connection.
#if ConfigStream

    internal import NIOCore
    internal import NIOHTTP2
    internal import NIOSSL

    /// Watches one connection, between TLS and HTTP/2. Used on the connection's event loop only.
    final class ConnectionWatch: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = ByteBuffer

        /// How long until the server's first word.
        private let timeout: TimeAmount
        /// Told once: whether the server has said its first word in time.
        private let onFirstWord: @Sendable (Bool) -> Void
        /// Whether there was a connection.
        private var wasActive = false
        /// Closes the connection when it has run; nil from the first word on.
        private var deadline: Scheduled<Void>?

        /// A watch that closes the connection after `timeout`, unless the server has said something.
        init(timeout: TimeAmount, onFirstWord: @escaping @Sendable (Bool) -> Void) {
            self.timeout = timeout
            self.onFirstWord = onFirstWord
        }

        /// Starts the clock.
        func handlerAdded(context: ChannelHandlerContext) {
            deadline = context.eventLoop.scheduleTask(in: timeout) { [channel = context.channel, onFirstWord] in
                onFirstWord(false)
                channel.close(promise: nil)
            }
        }

        /// The server has spoken: TLS trusts it, and it is one of HTTP/2 or will be found not to be.
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if let deadline {
                deadline.cancel()
                self.deadline = nil
                onFirstWord(true)
            }
            context.fireChannelRead(data)
        }

        /// A channel that was refused is unregistered and was never active, so that nobody hears that it is inactive. The
        /// transport's handler, which holds its timers and is held by them until it does, is told from the place of
        /// HTTP/2, which would keep it to itself.
        func channelUnregistered(context: ChannelHandlerContext) {
            if !wasActive {
                deadline?.cancel()
                deadline = nil
                let http2 = try? context.pipeline.syncOperations.context(handlerType: NIOHTTP2Handler.self)
                http2?.fireChannelInactive()
            }
            context.fireChannelUnregistered()
        }

        /// The connection is there.
        func channelActive(context: ChannelHandlerContext) {
            wasActive = true
            context.fireChannelActive()
        }

        /// Stops the clock.
        func channelInactive(context: ChannelHandlerContext) {
            deadline?.cancel()
            deadline = nil
            context.fireChannelInactive()
        }

        /// Has TLS say goodbye, and closes the socket.
        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            context.close(mode: mode, promise: promise)
            guard mode == .all else { return }
            // From the place of TLS on: the next that hears it is the socket.
            let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
            tls?.close(mode: .all, promise: nil)
        }
    }

#endif
