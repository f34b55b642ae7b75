// Sockets: the sockets of one connection to a core agent.
//
// Owns that there is one, and that it ends. gRPC's transport would connect again by itself, with the credentials of the
// first time, and would hide from the consumer that the core agent was gone: once a server has spoken, no other socket
// is let in. Until then several may be tried, one after the other, as a name may have several addresses. Neighbours:
// ConnectionWatch.
#if ConfigStream

    internal import Glibc
    internal import GraftConfigStream
    internal import NIOCore
    internal import NIOSSL
    internal import Synchronization

    /// The sockets of one connection. Called from any thread.
    final class Sockets: Sendable {
        /// The longest silence, in seconds: a day.
        static let silenceSecondsMax: Int64 = 86_400

        /// What is known of them.
        private struct State {
            /// Those that are open.
            var open: [ObjectIdentifier: any Channel] = [:]
            /// Whether a server has spoken on one: there will be no other.
            var isSettled = false
            /// Whether one was given up because the server said nothing.
            var wasSilent = false
            /// Whether all was closed.
            var isClosed = false
        }

        /// What is known of them.
        private let state = Mutex(State())
        /// The limits and the times.
        private let options: GRPCStreamOptions
        /// Whether they are of TCP.
        private let isTCP: Bool

        /// No socket yet.
        init(options: GRPCStreamOptions, isTCP: Bool) {
            self.options = options
            self.isTCP = isTCP
        }

        /// Prepares a socket that is about to connect, or refuses it. Called on its event loop.
        func admit(_ channel: any Channel) -> EventLoopFuture<Void> {
            let isAdmitted = state.withLock { state in
                guard !state.isSettled, !state.isClosed else { return false }
                state.open[ObjectIdentifier(channel)] = channel
                return true
            }
            guard isAdmitted else { return channel.eventLoop.makeFailedFuture(ConnectionLost()) }
            channel.closeFuture.whenComplete { [weak self, id = ObjectIdentifier(channel)] _ in
                _ = self?.state.withLock { $0.open.removeValue(forKey: id) }
            }
            let watched = channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                let tls = try pipeline.handler(type: NIOSSLClientHandler.self)
                let watch = ConnectionWatch(timeout: TimeAmount(options.connectTimeout)) { [weak self] hasSpoken in
                    self?.state.withLock {
                        if hasSpoken { $0.isSettled = true } else { $0.wasSilent = true }
                    }
                }
                try pipeline.addHandler(watch, position: .after(tls))
            }
            guard isTCP, let silence = options.silenceMax else { return watched }
            return watched.flatMap { Self.setSilence(silence, on: channel) }
        }

        /// Closes what is open, at whatever point it is, and lets nothing more in.
        func close() {
            let open = state.withLock { state in
                state.isClosed = true
                defer { state.open = [:] }
                return Array(state.open.values)
            }
            for channel in open { channel.close(promise: nil) }
        }

        /// The failure that an error of a call is; one that is due to a server's silence says so.
        func failure(_ error: any Error) -> StreamFailure {
            let failure = StreamFailure(error)
            let wasSilent = state.withLock { $0.wasSilent && !$0.isSettled }
            guard failure.code == .unavailable, wasSilent else { return failure }
            return StreamFailure(.unavailable, "the server has said nothing for \(options.connectTimeout)")
        }

        /// Has the system probe a connection that is silent, and give up one whose bytes are not acknowledged.
        private static func setSilence(_ silence: Duration, on channel: any Channel) -> EventLoopFuture<Void> {
            let seconds = Int(min(max(silence.components.seconds, 4), silenceSecondsMax))
            // A probe after half of the time, and then three.
            let options: [(CInt, Int)] = [
                (TCP_KEEPIDLE, seconds / 2), (TCP_KEEPINTVL, max(seconds / 8, 1)), (TCP_KEEPCNT, 4),
                (TCP_USER_TIMEOUT, seconds * 1000),
            ]
            let set = options.map { name, value in
                channel.setOption(.tcpOption(NIOBSDSocket.Option(rawValue: name)), value: value)
            }
            return EventLoopFuture.andAllSucceed(
                set + [channel.setOption(.socketOption(.so_keepalive), value: 1)], on: channel.eventLoop)
        }
    }

    /// The connection was there and is gone, or was given up.
    struct ConnectionLost: Error, CustomStringConvertible {
        /// The error as a sentence.
        var description: String { "the connection is gone" }
    }

#endif
