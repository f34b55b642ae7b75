// Reads: what a read costs, beside what others offer for the same, while a writer changes the configuration.
//
// Owns the cases: ours by a key that is kept, by a literal and of one moment; a dictionary behind a lock; the in-memory provider
// of swift-configuration. Each is read by one thread and by two, on real threads. Neighbours: allocations.c counts allocations.
#if ConfigStream

    import Configuration
    import Glibc
    import GraftConfigStream
    import GraftTestKit
    import Synchronization

    /// How many allocations this process has made; nil when they are not counted.
    private func allocations() -> UInt64? {
        guard let symbol = dlsym(nil, "graft_bench_allocations") else { return nil }
        return unsafeBitCast(symbol, to: (@convention(c) () -> UInt64).self)()
    }

    /// A dictionary behind a lock.
    private final class Locked: Sendable {
        private let values: Mutex<[String: StreamValue]>

        /// One with these values.
        init(_ values: [String: StreamValue]) { self.values = Mutex(values) }

        /// A whole number.
        func getInt(_ key: String) -> Int { values.withLock { Int($0[key]?.integer ?? 0) } }

        /// Sets a value.
        func set(_ key: String, _ value: StreamValue) { values.withLock { $0[key] = value } }
    }

    /// How many keys there are: about what a core agent has.
    private let keyCount = 350
    /// How many changes a writer makes in a second.
    private let changesPerSecond = 1000
    /// How many reads a thread makes.
    private let reads = 2_000_000

    /// A key's name.
    private func name(_ number: Int) -> String { "section_\(number % 20).setting_number_\(number)" }

    /// Measures every case.
    func measureReads() async throws {
        let agent = InProcessCoreAgent()
        for number in 0..<keyCount { agent.set(name(number), .number(Double(number))) }
        let consumer = try ConfigStreamConsumer(StreamSettings(clientName: "bench"), transport: agent)
        let running = Task { try await consumer.run() }
        try await consumer.waitReady(timeout: .seconds(10))
        let reader = consumer.reader
        let pinned = reader.snapshot()
        let locked = Locked(reader.allSettings())
        let provider = MutableInMemoryProvider(initialValues: [:])
        for number in 0..<keyCount { set(provider, name(number), number) }
        let config = ConfigReader(provider: provider)
        let key: StreamKey = "section_1.setting_number_101"
        let theirs: Configuration.ConfigKey = "section_1.setting_number_101"
        let absolute = AbsoluteConfigKey(["section_1", "setting_number_101"])

        let cases: [(String, @Sendable () -> Int)] = [
            ("ours, key", { reader.getInt(key) }),
            ("ours, literal", { reader.getInt("section_1.setting_number_101") }),
            ("ours, one moment", { pinned.getInt(key) }),
            ("dictionary behind a lock", { locked.getInt("section_1.setting_number_101") }),
            (
                "swift-configuration, provider",
                { (try? provider.value(forKey: absolute, type: .int).value?.content) == .int(101) ? 101 : 0 }
            ),
            ("swift-configuration, reader", { config.int(forKey: theirs, default: 0) }),
        ]
        let isOver = Atomic(false)
        let writer = PlainThread {
            var number = 0
            while !isOver.load(ordering: .relaxed) {
                // Never the key that is read: every case finds the same value.
                let key = name(number % 100)
                agent.set(key, .number(Double(number)))
                locked.set(key, .number(Double(number)))
                set(provider, key, number)
                number += 1
                usleep(useconds_t(1_000_000 / changesPerSecond))
            }
        }
        var lines: [String] = []
        for (title, read) in cases {
            guard read() == 101 else { throw StreamError(.notReady, "\(title) reads \(read())") }
            let one = time(threads: 1, read)
            let two = time(threads: 2, read)
            let figures = "\"ns\": \(one), \"ns_two\": \(two), \"allocations\": \(perRead(read))"
            lines.append("\(StreamValue.string(title).json): {\(figures)}")
        }
        isOver.store(true, ordering: .relaxed)
        writer.join()
        consumer.stop()
        try await running.value
        print("{" + lines.joined(separator: ", ") + "}")
    }

    /// Sets a value of swift-configuration's provider.
    private func set(_ provider: MutableInMemoryProvider, _ key: String, _ number: Int) {
        provider.setValue(
            .init(.int(number), isSecret: false), forKey: AbsoluteConfigKey(key.split(separator: ".").map(String.init)))
    }

    /// The best time of one read, in nanoseconds of each thread's own processor time.
    private func time(threads: Int, _ read: @escaping @Sendable () -> Int) -> Double {
        var best = Double.infinity
        for _ in 0..<3 {
            let spent = Mutex(0.0)
            let all = (0..<threads).map { _ in
                PlainThread {
                    var begun = timespec(), ended = timespec()
                    var sum = 0
                    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun)
                    for _ in 0..<reads { sum &+= read() }
                    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended)
                    precondition(sum == 101 * reads)
                    let time = Double(ended.tv_sec - begun.tv_sec) * 1e9 + Double(ended.tv_nsec - begun.tv_nsec)
                    spent.withLock { $0 += time }
                }
            }
            for thread in all { thread.join() }
            best = min(best, spent.withLock { $0 } / Double(threads * reads))
        }
        return best
    }

    /// Allocations of one read, the writer's taken off by reading in one go; nil when they are not counted.
    private func perRead(_ read: () -> Int) -> String {
        guard let before = allocations() else { return "null" }
        let count = 20_000
        var sum = 0
        for _ in 0..<count { sum &+= read() }
        precondition(sum == 101 * count)
        // The writer allocates meanwhile, far less than once for a read.
        return "\(Int((Double((allocations() ?? before) - before) / Double(count)).rounded()))"
    }

    /// A thread that may wait.
    private final class PlainThread: Sendable {
        private let thread: UInt

        /// Starts it.
        init(_ body: @escaping @Sendable () -> Void) {
            var thread = pthread_t()
            let context = Unmanaged.passRetained(Body(body)).toOpaque()
            let code = pthread_create(
                &thread, nil,
                { context in
                    Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().body()
                    return nil
                }, context)
            precondition(code == 0)
            self.thread = UInt(thread)
        }

        /// Waits for its end.
        func join() { pthread_join(pthread_t(thread), nil) }

        /// What a thread does.
        private final class Body: Sendable {
            let body: @Sendable () -> Void

            /// Does this.
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
    }

#endif
