// RemoteCache.swift: the last good configurations of a program that was started, in the file that its user named.
//
// Owns when the file is read and written, and that a failure is told once. A forked child neither reads nor writes it: what its
// parent had in force is in force in it, and two processes would replace each other's. Neighbours: RemoteConfigCache does
// the work; RemoteLink.swift has it read before the first question, and written after each round that brought something.

internal import GraftConfig
internal import GraftRemoteConfig
internal import Synchronization

/// Keeps what is in force in a file.
final class RemoteCache: Sendable {
    private let cache: RemoteConfigCache
    private let log: AgentLog
    /// The client, once it is there.
    private let poller = Mutex<RemoteConfigPoller?>(nil)
    /// What was last wrong.
    private let problem = Mutex<String?>(nil)

    /// The cache that the settings name; nil when they name none, or one that cannot be.
    init?(settings: RemoteSettings, log: AgentLog) {
        guard let path = settings.cache else { return nil }
        self.log = log
        do throws(ConfigError) {
            cache = try RemoteConfigCache(
                path: path, identity: CacheIdentity(service: settings.service, environment: settings.environment))
        } catch {
            log("the cache is not used: \(error)")
            return nil
        }
    }

    /// Has callbacks given what the file holds.
    func load(into client: RemoteConfigPoller) {
        poller.withLock { $0 = client }
        do throws(ConfigError) {
            client.adopt(try cache.load())
            client.deliver()
        } catch {
            tell("the cache is not used: \(error)")
        }
    }

    /// Has the file hold what is in force and known to be good. Only once an answer has said what is in force: before, what
    /// could not be read would be replaced by nothing.
    func keep() {
        guard let poller = poller.withLock({ $0 }) else { return }
        do throws(ConfigError) {
            try cache.save(poller.state.lastKnownGood)
            problem.withLock { $0 = nil }
        } catch {
            tell("the cache is not written: \(error)")
        }
    }

    /// Logs what is wrong, once.
    private func tell(_ line: String) {
        let isNew = problem.withLock { problem in
            defer { problem = line }
            return problem != line
        }
        if isNew { log(line) }
    }
}
