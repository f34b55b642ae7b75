// Polling: one round of the poller.
//
// Owns the order of a round: periodic calls, questions and answers, deliveries. The thread that drives it does all of it;
// the lock is taken for moments in between and never held while a callback or the transport runs, or an answer is read.

extension RemoteConfigPoller {
    /// Carries out one round: calls every callback's `periodic()`, asks the agent, and delivers what has changed. When the
    /// agent turns out to offer Remote Configuration, its configuration is asked for in the same round.
    ///
    /// - Returns: what happened and how long to wait; nil, and nothing has happened, when a round or a delivery is under
    ///   way, on another thread or further up on this one.
    @discardableResult
    public func poll(over transport: any RemoteConfigTransport) -> PollReport? {
        guard begin() else { return nil }
        defer { end() }
        var report = PollReport()
        callPeriodics(&report)
        // At most twice: `/info`, then the configuration.
        while ask(transport, &report), report.outcomes.count < 2 {}
        deliver(&report)
        report.delay = state.delay(random: random())
        return report
    }

    /// Gives callbacks what is held and they have not been given, without asking anybody; nil as in `poll(over:)`.
    @discardableResult
    public func deliver() -> PollReport? {
        guard begin() else { return nil }
        defer { end() }
        var report = PollReport()
        deliver(&report)
        return report
    }

    /// Takes the round; false when it is taken.
    private func begin() -> Bool {
        withStorage { storage in
            guard !storage.isBusy else { return false }
            storage.isBusy = true
            return true
        }
    }

    /// Gives the round back.
    private func end() { withStorage { $0.isBusy = false } }
}

// MARK: Asking

extension RemoteConfigPoller {
    /// One question; whether to ask another at once.
    private func ask(_ transport: any RemoteConfigTransport, _ report: inout PollReport) -> Bool {
        let (exchange, state) = withStorage { ($0.state.nextExchange(), $0.state) }
        let start = clock()
        let answer = transport.send(exchange.httpRequest)
        report.latency += clock() - start
        // On a copy: reading and hashing take time, and products may register meanwhile.
        let judgement = state.judge(answer, to: exchange)
        let outcome = withStorage { storage in
            let outcome = storage.state.commit(judgement)
            for change in outcome.changes { storage.registry.markDirty(change.product) }
            return outcome
        }
        report.add(outcome)
        return outcome.verdict == .info(offersRemoteConfig: true)
    }
}

// MARK: Calling

extension RemoteConfigPoller {
    /// Calls every callback's `periodic()`.
    private func callPeriodics(_ report: inout PollReport) {
        for id in withStorage({ $0.registry.registrations.map(\.id) }) {
            // One that was unregistered meanwhile is not called any more.
            guard let registration = withStorage({ $0.registry[id] }) else { continue }
            let call = timed(registration.product, .periodic) { try registration.callback.periodic() }
            let trouble = call.error ?? (call.isSlow ? "slow" : nil)
            withStorage { $0.registry[id]?.periodicTrouble = trouble }
            report.add(call, isKnown: trouble == registration.periodicTrouble)
        }
    }

    /// A callback with what it is to be given.
    private struct Delivery: Sendable {
        /// Who is called.
        var registration: Registration
        /// With what.
        var payloads: [Payload]
    }

    /// Gives every callback what has changed for it.
    private func deliver(_ report: inout PollReport) {
        for id in withStorage({ $0.registry.registrations.map(\.id) }) {
            guard let delivery = withStorage({ Self.prepare(id, &$0) }) else { continue }
            let call = timed(delivery.registration.product, .payload) {
                try delivery.registration.callback(payloads: delivery.payloads)
            }
            let acknowledgement = call.error.map(Acknowledgement.error) ?? .acknowledged
            withStorage { Self.conclude(delivery, acknowledgement, &$0) }
            report.add(call)
        }
    }

    /// What a callback is to be given; nil for nothing. From here on it counts as given, and as not done.
    private static func prepare(_ id: UInt64, _ storage: inout Storage) -> Delivery? {
        guard var registration = storage.registry[id], registration.isDirty else { return nil }
        let payloads = registration.ledger.changes(to: storage.state.payloads(for: registration.product))
        registration.isDirty = false
        storage.registry[id] = registration
        guard !payloads.isEmpty else { return nil }
        storage.acknowledged = []
        for payload in payloads where !payload.isRemoval {
            storage.state.acknowledge(payload.path, .unacknowledged, content: payload.metadata.sha256)
        }
        return Delivery(registration: registration, payloads: payloads)
    }

    /// Acknowledges what a callback was given, except what it has acknowledged by itself.
    private static func conclude(_ delivery: Delivery, _ result: Acknowledgement, _ storage: inout Storage) {
        // A callback that has been replaced or removed meanwhile no longer speaks for its product.
        guard storage.registry[delivery.registration.id] != nil else { return }
        for payload in delivery.payloads where !payload.isRemoval && !storage.acknowledged.contains(payload.path) {
            storage.state.acknowledge(payload.path, result, content: payload.metadata.sha256)
        }
        storage.acknowledged = []
    }

    /// Calls a callback and says how that went.
    private func timed(_ product: String, _ kind: CallReport.Kind, _ body: () throws -> Void) -> CallReport {
        let start = clock()
        var call = CallReport(product: product, kind: kind, elapsed: .zero)
        do { try body() } catch { call.error = BoundedText.line(String(describing: error)) }
        call.elapsed = clock() - start
        return call
    }
}
