// RemoteInbox.swift: what the thread that asks the Datadog agent has for the agent's own thread, and the other way round.
//
// Owns what has come and was not taken yet: of each configuration the newest state only, so it is bounded by what may be in
// force. One thread puts in, the other takes out; neither waits for the other. A forked child never uses its parent's: the
// lock may be held there for ever. Neighbours: RemoteLink.swift.

internal import GraftRemoteConfig
internal import Synchronization

/// A payload of Remote Configuration; GraftSCA has another type of the name.
typealias RemotePayload = GraftRemoteConfig.Payload

/// The mail between the two threads.
final class RemoteInbox: Sendable {
    /// What the agent's thread is to take.
    struct Mail: Sendable {
        /// The configurations that have changed, each once, removals first.
        var payloads: [RemotePayload] = []
        /// Whether an answer of the Datadog agent has said what is in force, all of it.
        var isConfirmed = false
        /// Whether a first round is over, with or without an answer.
        var hasTried = false
    }

    /// Everything that changes.
    private struct Storage: Sendable {
        /// What has changed, by path.
        var payloads: [ConfigPath: RemotePayload] = [:]
        /// The rest of the mail.
        var mail = Mail()
        /// How the rounds went.
        var rounds = RoundStatistics()
    }

    private let storage = Mutex(Storage())
    /// Rings when there is something to take.
    let bell = Doorbell()

    /// Takes in what a callback was given.
    func deliver(_ payloads: [RemotePayload]) {
        storage.withLock { storage in
            for payload in payloads { storage.payloads[payload.path] = payload }
        }
        bell.ring(.agent)
    }

    /// Takes in how a round went, after its deliveries.
    func note(_ report: PollReport) {
        storage.withLock { storage in
            storage.rounds.add(report)
            storage.mail.hasTried = true
            if report.statesEverything { storage.mail.isConfirmed = true }
        }
        bell.ring(.agent)
    }

    /// Everything that has come since the last time.
    func take() -> Mail {
        bell.hear(.agent)
        return storage.withLock { storage in
            var mail = storage.mail
            mail.payloads = storage.payloads.values.sorted { left, right in
                left.isRemoval == right.isRemoval ? left.path < right.path : left.isRemoval
            }
            storage.payloads = [:]
            return mail
        }
    }

    /// Whether an answer has said what is in force.
    var isConfirmed: Bool { storage.withLock { $0.mail.isConfirmed } }

    /// How the rounds went.
    var rounds: RoundStatistics { storage.withLock { $0.rounds } }
}

extension PollReport {
    /// Whether an answer has said what is in force, all of it. "Nothing has changed" says that to a client that was told
    /// before; to a new one it says nothing.
    fileprivate var statesEverything: Bool {
        outcomes.contains { $0.verdict == .updated || $0.verdict == .expired }
    }
}
