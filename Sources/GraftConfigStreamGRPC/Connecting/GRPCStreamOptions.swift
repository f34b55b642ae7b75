// GRPCStreamOptions: the limits and the times of a connection over gRPC.
//
// Owns their defaults, and why they are what they are. Neighbours: GRPCStreamTransport obeys them.
#if ConfigStream

    /// The limits and the times of a connection over gRPC.
    public struct GRPCStreamOptions: Sendable, Hashable {
        /// HTTP/2 pings to the core agent.
        public struct Keepalive: Sendable, Hashable {
            /// How long after one answer the next ping is sent.
            public var time: Duration
            /// How long to wait for the answer before the connection is given up.
            public var timeout: Duration

            /// Pings with these times.
            public init(time: Duration, timeout: Duration) {
                self.time = time
                self.timeout = timeout
            }
        }

        /// The largest message that is taken, in bytes: 128 MiB, the core agent's own limit. A snapshot is one message,
        /// of up to about 30 MiB. A larger one ends the stream with `resource_exhausted`.
        public var messageBytesMax = 128 << 20
        /// How long a connection may take until the server has said something in HTTP/2: 10 s.
        public var connectTimeout = Duration.seconds(10)
        /// How long registering and refreshing may take: 30 s.
        public var callTimeout = Duration.seconds(30)
        /// Pings to the core agent; nil sends none. Each 310 s by default: servers of gRPC end a connection whose
        /// client pings more often than each five minutes without being sent anything. They find a core agent that
        /// hangs; a machine or a network that is gone is found in `silenceMax`.
        public var keepalive: Keepalive? = Keepalive(time: .seconds(310), timeout: .seconds(20))
        /// How long the other machine's TCP may be silent, with or without anything to say, until a connection is given
        /// up; nil leaves it to the system. In whole seconds, from 4; 30 by default. Without effect on sockets other
        /// than TCP's.
        public var silenceMax: Duration? = .seconds(30)
        /// How much the core agent may send ahead, in bytes: 32 MiB, so that a snapshot of the usual size is not held
        /// up.
        public var windowBytes = 32 << 20
        /// The largest frame of HTTP/2 that is taken, in bytes; 16 KiB to 16 MiB.
        public var frameBytesMax = 1 << 20

        /// The defaults.
        public init() {}
    }

#endif
