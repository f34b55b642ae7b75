// Wire: what is measured over a real connection.
//
// Owns the consumer and the clock. The core agent writes its monotonic clock into the values that it sends, and both processes
// share the machine's. Neighbours: bench-config-stream tells the core agent what to do when a line "ready" comes.
#if ConfigStream

    import Glibc
    import GraftConfigStream
    import GraftConfigStreamGRPC
    import Synchronization

    /// The machine's monotonic clock, in nanoseconds.
    func monotonic() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    /// Memory of this process that is resident, in bytes.
    func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var total = 0, resident = 0
        withUnsafeMutablePointer(to: &total) { total in
            withUnsafeMutablePointer(to: &resident) { resident in
                _ = withVaList([total, resident]) { vfscanf(file, "%ld %ld", $0) }
            }
        }
        return resident * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// A transport that notes when each update is visible to readers.
    struct TimedTransport: StreamTransport {
        let base: GRPCStreamTransport
        let delays: Delays

        var address: String { base.address }

        func withConnection<Result: Sendable>(
            _ body: (any StreamConnection) async throws -> Result
        ) async throws -> Result {
            try await base.withConnection { try await body(TimedConnection(base: $0, delays: delays)) }
        }
    }

    /// A connection that notes when each update is visible.
    private struct TimedConnection: StreamConnection {
        let base: any StreamConnection
        let delays: Delays

        func register(_ request: RegistrationRequest) async throws(StreamFailure) -> Registration {
            try await base.register(request)
        }

        func refresh(sessionID: String) async throws(StreamFailure) { try await base.refresh(sessionID: sessionID) }

        func stream(
            client: String, sessionID: String, receive: @Sendable (StreamMessage) throws -> Void
        ) async throws {
            try await base.stream(client: client, sessionID: sessionID) { message in
                try receive(message)
                if case .update(let update) = message.event, case .number(let sent)? = update.setting?.value {
                    delays.add(monotonic() - sent)
                }
            }
        }
    }

    /// Nanoseconds, in the order in which they were measured.
    final class Delays: Sendable {
        private let list = Mutex<[Double]>([])

        /// One more.
        func add(_ delay: Double) { list.withLock { $0.append(delay) } }

        /// How many.
        var count: Int { list.withLock { $0.count } }

        /// Median, tails and maximum in microseconds, as JSON.
        var json: String {
            let sorted = list.withLock { $0.sorted() }
            func at(_ part: Double) -> Double {
                sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))] / 1000
            }
            let parts = [("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1)].map { "\"\($0.0)\": \(at($0.1))" }
            return "{\"count\": \(sorted.count), \(parts.joined(separator: ", "))}"
        }
    }

    /// The transport to the core agent at the address, whose files are in the folder.
    private func transport(_ arguments: [String]) throws -> GRPCStreamTransport {
        GRPCStreamTransport(address: try CoreAgentAddress(arguments[1]), files: IPCFiles(folder: arguments[0]))
    }

    /// Runs a consumer while `body` runs.
    private func withConsumer<Result: Sendable>(
        _ transport: any StreamTransport, _ body: (ConfigStreamConsumer) async throws -> Result
    ) async throws -> Result {
        let consumer = try ConfigStreamConsumer(StreamSettings(clientName: "bench"), transport: transport)
        let running = Task { try await consumer.run() }
        let result = try await body(consumer)
        consumer.stop()
        try await running.value
        return result
    }

    /// From `run()`, connection, registration and TLS included, to the first snapshot.
    func measureFirst(_ arguments: [String]) async throws {
        let delays = Delays()
        let before = residentBytes()
        var kept = 0
        for _ in 0..<(Int(arguments[3]) ?? 1) {
            let begun = monotonic()
            kept = try await withConsumer(transport(arguments)) { consumer in
                try await consumer.waitReady(timeout: .seconds(120))
                delays.add(monotonic() - begun)
                guard consumer.reader.count >= Int(arguments[2]) ?? 0 else {
                    throw StreamError(.notReady, "only \(consumer.reader.count) keys came")
                }
                return residentBytes()
            }
        }
        print("{\"first\": \(delays.json), \"resident_before\": \(before), \"resident\": \(kept)}")
    }

    /// From the core agent's change to the reader, and to a subscriber.
    func measureLatency(_ arguments: [String]) async throws {
        let count = Int(arguments[2]) ?? 1
        let (visible, delivered) = (Delays(), Delays())
        try await withConsumer(TimedTransport(base: transport(arguments), delays: visible)) { consumer in
            try await consumer.waitReady(timeout: .seconds(60))
            let changes = consumer.changes(.prefix("burst."))
            print("ready")
            fflush(nil)
            for await notice in changes {
                for change in notice.changes {
                    if case .number(let sent)? = change.new { delivered.add(monotonic() - sent) }
                }
                if delivered.count >= count { break }
            }
        }
        print("{\"visible\": \(visible.json), \"delivered\": \(delivered.json)}")
    }

    /// Updates in a row, as many as come.
    func measureRate(_ arguments: [String]) async throws {
        let count = Int32(arguments[2]) ?? 1
        let line = try await withConsumer(transport(arguments)) { consumer in
            try await consumer.waitReady(timeout: .seconds(60))
            let first = consumer.reader.sequenceID
            print("ready")
            fflush(nil)
            _ = try await consumer.reader.atLeast(sequence: first &+ 1)
            let begun = monotonic()
            _ = try await consumer.reader.atLeast(sequence: first &+ count)
            let seconds = (monotonic() - begun) / 1e9
            return "{\"updates\": \(count - 1), \"seconds\": \(seconds), \"resyncs\": \(consumer.counters.resyncTotal)}"
        }
        print(line)
    }

#endif
