// Traffic.swift: redis-benchmark at full speed against the server, and the server's own count of what it served.
//
// Owns the load generator and the socket's path. Neighbour: Story.swift.

import Foundation

/// Commands that arrive without a pause.
final class Traffic {
    /// The server's socket.
    private let socket: String
    /// redis-benchmark, in an endless loop.
    private let generator: Program

    /// Starts the traffic: GET and SET from ten connections.
    init(socket: String, log: String) throws {
        self.socket = socket
        generator = try Program(
            "/usr/bin/redis-benchmark",
            ["-s", socket, "-c", "10", "-n", "100000", "-r", "10000", "-t", "get,set", "-l", "-q"], log: log)
    }

    /// Stops it.
    func end() { generator.end(signal: SIGTERM) }

    /// Commands that the server has processed since it started.
    private func processed() throws -> Double {
        let text = try output(of: "/usr/bin/redis-cli", ["-s", socket, "info", "stats"])
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("total_commands_processed:") }
        guard let value = line?.split(separator: ":").last.flatMap({ Double($0) }) else {
            throw DemoError(description: "redis-server tells no total_commands_processed")
        }
        return value
    }

    /// Commands a second, over so many seconds from now.
    func throughput(seconds: Double) throws -> Double {
        let (first, begun) = (try processed(), Date())
        usleep(UInt32(seconds * 1_000_000))
        let (last, ended) = (try processed(), Date())
        return (last - first) / ended.timeIntervalSince(begun)
    }
}
