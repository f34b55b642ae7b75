// Receiving: from an answer to what was told, and what that is worth in a log.
//
// Owns the one place where something becomes told: an answer of success to the request that carried it. Neighbours:
// TelemetryPace says when to try again.

public import GraftRemoteConfig

extension TelemetryState {
    /// The status of a request that an agent finds too large.
    private static let tooLarge = 413

    /// Takes in the answer to a request. Every status from 200 to 299 is acceptance; after anything else, all that the
    /// request told waits for the next one. An answer to a request of another process, or to an older one, changes
    /// nothing.
    ///
    /// - Parameters:
    ///   - answer: what came back.
    ///   - request: the request that is under way.
    ///   - now: the time since the fixed moment.
    ///   - random: from 0 up to, not including, 1, for the pause after a failure.
    /// - Returns: what is worth a line in the log, mostly nothing.
    public mutating func receive(
        _ answer: HTTPAnswer, to request: TelemetryRequest, now: Duration, random: Double
    ) -> [RemoteConfigLogLine] {
        guard underWay == request.sequence else { return [] }
        underWay = nil
        switch answer {
        case .response(200...299, _): return succeed(request, now: now) + droppedLine()
        case .response(let status, _):
            if status == Self.tooLarge {
                limits.payloadBytes = max(TelemetryLimits.leastPayloadBytes, limits.payloadBytes / 2)
            }
            fail(now: now, random: random)
            return [link.refused(status: status)].compactMap { $0 }
        case .failure(let reason):
            fail(now: now, random: random)
            return [link.failed(reason, failures: pace.failures)].compactMap { $0 }
        }
    }

    /// A request was accepted.
    private mutating func succeed(_ request: TelemetryRequest, now: Duration) -> [RemoteConfigLogLine] {
        let (contents, isExtended) = (request.contents, request.says(.extendedHeartbeat))
        accepted += 1
        dependencies.ledger.accept(contents.dependencies, ofAll: isExtended)
        products.accept(contents.products, ofAll: isExtended)
        configuration.ledger.accept(contents.configuration, ofAll: isExtended)
        logs.accept(contents.logs)
        metrics.accept(contents.points)
        hasMore = contents.hasLeftOut
        pace.succeed(at: now, heartbeat: request.says(.heartbeat), extended: isExtended)
        if request.says(.appStarted) {
            pace.start(at: now)
            if phase == .starting { phase = .running }
            if case .closing = phase { phase = .closing(isStarted: true) }
        }
        if contents.isLast { phase = .closed }
        return [link.accepted()].compactMap { $0 }
    }

    /// A request was not accepted.
    private mutating func fail(now: Duration, random: Double) {
        failed += 1
        pace.fail(at: now, random: random)
        if case .closing = phase { phase = .closed }
    }

    /// The line that says that limits leave something out, the first time.
    private mutating func droppedLine() -> [RemoteConfigLogLine] {
        guard !saidDropped, dropped > 0 else { return [] }
        saidDropped = true
        return [RemoteConfigLogLine(.debug, "telemetry leaves out what its limits have no room for")]
    }
}
