// Client: the consumer, and those who watch it.
//
// Owns the three tasks: one runs the consumer, one hands its changes to the audit, one its reader. Neighbours: Audit checks,
// Footprint measures, main answers.
#if ConfigStream

    import GraftConfigStream
    import GraftConfigStreamGRPC

    /// The consumer, and those who watch it.
    struct Client: Sendable {
        /// How long the reader is left alone between two looks.
        private static let lookInterval = Duration.milliseconds(2)

        private let consumer: ConfigStreamConsumer
        private let changes: StreamChanges
        private let audit = Audit()

        /// Begins. With short pauses, so that a core agent that is back has its client soon.
        init(address: String, folder: String) throws {
            var settings = StreamSettings(clientName: "soak")
            settings.backoff = StreamBackoff(initial: .milliseconds(5), cap: .milliseconds(40))
            settings.healthyAfter = .milliseconds(1)
            settings.subscriberCapacity = StreamSettings.subscriberCapacityMax
            let transport = GRPCStreamTransport(
                address: try CoreAgentAddress(address), files: IPCFiles(folder: folder))
            consumer = try ConfigStreamConsumer(settings, transport: transport)
            changes = consumer.changes(fromTheBeginning: true)
            Task.detached { [self] in try await consumer.run() }
            Task.detached { [self] in for await notice in changes { audit.take(notice) } }
            Task.detached { [self] in
                while true {
                    audit.look(at: consumer.reader.snapshot())
                    try await Task.sleep(for: Self.lookInterval)
                }
            }
        }

        /// Counts, findings and the footprint.
        var status: StreamValue {
            let counters = consumer.counters
            let position = consumer.reader.position
            var numbers = [
                "snapshots": counters.snapshots, "updates": counters.updates, "connects": counters.connects,
                "registrations": counters.sessionRegistrations, "stale": counters.droppedStale,
                "gap": counters.resyncs[.gap] ?? 0, "ended": counters.resyncs[.ended] ?? 0,
                "transport": counters.resyncs[.transport] ?? 0, "session": counters.resyncs[.session] ?? 0,
                "epoch": Int(position.epoch), "sequence": Int(position.sequence), "backlog": changes.backlog,
            ]
            numbers.merge(Footprint.now) { $1 }
            numbers.merge(audit.counts) { $1 }
            var result = numbers.mapValues { StreamValue.number(Double($0)) }
            result["findings"] = .list(audit.findings.map { .string($0) })
            result["state"] = .string("\(consumer.state)")
            result["failure"] = consumer.lastFailure.map { .string("\($0)") } ?? .null
            return .map(result)
        }

        /// What the reader shows, and what the changes have led to, with sources.
        var settings: StreamValue {
            let reader = consumer.reader.snapshot()
            var shown: [String: StreamValue] = [:]
            for (key, value) in reader.allSettings() {
                let source = reader.source(of: StreamKey(key))?.name ?? ""
                shown[key] = .map(["value": value, "source": .string(source)])
            }
            return .map(["reader": .map(shown), "folded": audit.folded])
        }
    }

#endif
