// StreamMachine+Streams: when streams are opened, closed and replaced.
//
// Owns the life of the current stream and of the one that is to replace it. Neighbours: StreamMachine, +Messages.

extension StreamMachine {
    /// Opens what should be open and is not: the current stream, or, while it is behind, the next one.
    mutating func openIfDue() -> [Action] {
        guard !hasStopped, pause == nil, case .active(let session) = session else { return [] }
        if current == nil {
            let stream = open(session)
            current = stream
            isBehind = false
            order.begin()
            return [.open(stream.id, session: session)]
        }
        if isBehind, next == nil, profile.gap == .replace {
            let stream = open(session)
            next = stream
            return [.open(stream.id, session: session)]
        }
        return []
    }

    /// A stream has ended: with a failure, or, with nil, in good order.
    mutating func streamEnded(_ id: StreamID, _ failure: StreamFailure?, at now: ContinuousClock.Instant) -> [Action] {
        guard !hasStopped, let ended = [current, next].compactMap({ $0 }).first(where: { $0.id == id }) else {
            return []
        }
        if let failure { self.failure = failure }
        if let failure, failure.rejectsSession {
            counters.resyncs[.session, default: 0] += 1
            let actions = trouble(of: ended, at: now, permanent: isPermanent(failure))
            // Somebody else may have replaced the session meanwhile.
            return actions + (session == .active(ended.session) ? replaceSession() : forget(id))
        }
        counters.resyncs[failure == nil ? .ended : .transport, default: 0] += 1
        let actions = trouble(of: ended, at: now, permanent: failure.map { isPermanent($0) } ?? false)
        return actions + forget(id) + openIfDue()
    }

    /// A stream has not said its snapshot in time.
    mutating func snapshotOverdue(_ id: StreamID, at now: ContinuousClock.Instant) -> [Action] {
        guard let late = [current, next].compactMap({ $0 }).first(where: { $0.id == id }), !late.hasSnapshot else {
            return []
        }
        return [.close(id)] + streamEnded(id, StreamFailure(.deadlineExceeded, "no snapshot in time"), at: now)
    }

    /// The current stream lacks updates, or cannot be followed.
    mutating func resync(_ cause: ResyncCause, at now: ContinuousClock.Instant) -> [Action] {
        guard let stream = current else { return [] }
        switch profile.gap {
        case .ignore:
            return []
        case .reconnect:
            counters.resyncs[cause, default: 0] += 1
            return trouble(of: stream, at: now, permanent: false) + [.close(stream.id)] + forget(stream.id)
                + openIfDue()
        case .replace:
            if isBehind { return [] }
            isBehind = true
            counters.resyncs[cause, default: 0] += 1
            // The first gap is cured at once; those that follow soon after wait longer and longer.
            let isHealthy = isHealthy(stream, at: now)
            if isHealthy { streamTroubles = 0 }
            if streamTroubles == 0 {
                streamTroubles = 1
                return openIfDue()
            }
            return trouble(of: stream, at: now, permanent: false)
        }
    }

    /// The next stream has said its snapshot: it takes the current one's place.
    mutating func promote() -> [Action] {
        let old = current
        current = next
        next = nil
        isBehind = false
        order.begin()
        return old.map { [.close($0.id)] } ?? []
    }

    /// Whether a stream has been live for long enough.
    private func isHealthy(_ stream: Stream, at now: ContinuousClock.Instant) -> Bool {
        stream.liveSince.map { now - $0 >= healthyAfter } ?? false
    }

    /// Counts a trouble and begins a pause, unless there is one.
    private mutating func trouble(of stream: Stream, at now: ContinuousClock.Instant, permanent: Bool) -> [Action] {
        if isHealthy(stream, at: now) { streamTroubles = 0 }
        streamTroubles += 1
        guard pause == nil else { return [] }
        let number = number()
        pause = number
        return [.wait(.stream(number), attempt: permanent ? .max : streamTroubles - 1)]
    }

    /// Forgets a stream that is over. When it was the current one and another is on its way, that one is current now.
    private mutating func forget(_ id: StreamID) -> [Action] {
        if next?.id == id {
            next = nil
        } else if current?.id == id {
            current = next
            next = nil
            isBehind = false
            order.begin()
        }
        return []
    }

    /// A new stream.
    private mutating func open(_ session: String) -> Stream {
        counters.connects += 1
        if counters.connects > 1 { counters.reconnects += 1 }
        return Stream(id: number(), session: session)
    }
}
