// Output: standard output and standard error.
//
// Owns the rule for a reader that has gone away: nobody wants the rest, so writing stops without a complaint. What is written in
// one call is not mixed with another's. Neighbours: Watch prints through it.
#if ConfigStream

    internal import Glibc
    internal import Synchronization

    /// Somewhere to print, from any thread.
    final class Output: Sendable {
        /// Bytes that are gathered before they are written.
        private static let gathered = 1 << 16

        private let descriptor: Int32
        /// Whether its reader has gone away.
        private let isClosed = Mutex(false)

        /// Prints to a descriptor.
        init(descriptor: Int32) { self.descriptor = descriptor }

        /// Prints lines.
        ///
        /// - Returns: whether somebody may still read it.
        @discardableResult
        func write(_ lines: some Sequence<String>) -> Bool {
            isClosed.withLock { isClosed in
                var bytes: [UInt8] = []
                for line in lines where !isClosed {
                    bytes += line.utf8
                    bytes.append(UInt8(ascii: "\n"))
                    if bytes.count >= Self.gathered { isClosed = !writeAll(&bytes) }
                }
                if !isClosed { isClosed = !writeAll(&bytes) }
                return !isClosed
            }
        }

        /// Writes what is gathered; whether all of it was.
        private func writeAll(_ bytes: inout [UInt8]) -> Bool {
            defer { bytes.removeAll(keepingCapacity: true) }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN {
                    // Somebody has made it not wait; we do.
                    var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&room, 1, -1)
                    continue
                }
                if count <= 0 { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }

        /// Whether its reader has gone away, found without writing.
        var hasNoReader: Bool {
            var state = pollfd(fd: descriptor, events: 0, revents: 0)
            return poll(&state, 1, 0) == 1 && state.revents & Int16(POLLERR | POLLHUP) != 0
        }

        /// Calls `body` when no line is being written, or after `attempts` milliseconds in which one always was.
        func betweenLines(attempts: Int, _ body: () -> Never) -> Never {
            for _ in 0..<attempts {
                _ = isClosed.withLockIfAvailable { _ in body() }
                usleep(1000)
            }
            body()
        }
    }

#endif
