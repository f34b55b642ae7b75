// CacheKeeper: when the last configuration is saved.
//
// Owns the times of saving: after each snapshot; while updates come, at most once in an interval; and at the end of `run()`.
// Events only ring a bell: what is saved is looked at when it is due, and written on a plain thread, so that neither the lock nor
// a thread of Swift concurrency waits for the disk. A save that fails is counted and shown, and the next one tries again.
// Neighbours: ConsumerRun begins and ends it, StreamCache keeps.

internal import GraftConfig
internal import Synchronization

/// Tells the keeper that there is something to save.
final class CacheBell: Sendable {
    /// Why it rings.
    enum Reason: Sendable {
        /// A snapshot is in force: what is kept is to be replaced.
        case snapshot
        /// An update is in force.
        case update
        /// The pause of this number is over.
        case due(Int)
    }

    /// The reasons, for one listener.
    let reasons: AsyncStream<Reason>
    private let sink: AsyncStream<Reason>.Continuation
    /// Whether the listener has been told of each since it last saved.
    private let told = Mutex((snapshot: false, update: false))

    /// A bell that has not rung.
    init() {
        // Holds one of each reason: what was told is not told again.
        (reasons, sink) = AsyncStream.makeStream(of: Reason.self, bufferingPolicy: .unbounded)
    }

    /// Rings, unless it has already.
    func ring(_ reason: Reason) {
        let isNew = told.withLock { told in
            switch reason {
            case .snapshot:
                defer { told.snapshot = true }
                return !told.snapshot
            case .update:
                defer { told.update = true }
                return !told.update
            case .due:
                return true
            }
        }
        if isNew { sink.yield(reason) }
    }

    /// What has happened up to now is about to be saved.
    func answer() { told.withLock { $0 = (false, false) } }

    /// It rings no more.
    func finish() { sink.finish() }
}

extension ConfigStreamConsumer {
    /// Saves whenever it is due, until the bell rings no more; then once more.
    func keepCache(_ cache: any StreamCache) async {
        var next = ContinuousClock.now
        var pause: Task<Void, Never>?
        var pauses = 0
        for await reason in bell.reasons {
            switch reason {
            case .snapshot:
                break
            case .update:
                if pause != nil { continue }
                if .now < next {
                    pauses += 1
                    pause = Task { [bell, next, pauses] in
                        if (try? await Task.sleep(until: next)) != nil { bell.ring(.due(pauses)) }
                    }
                    continue
                }
            case .due(let number):
                // One that a snapshot has overtaken means nothing any more.
                if pause == nil || number != pauses { continue }
            }
            await end(&pause)
            await save(to: cache)
            next = .now + settings.cacheInterval
        }
        await end(&pause)
        // Also when nothing has changed: up to now it was fresh, and the file says since when it is not known to be.
        await save(to: cache)
    }

    /// Ends a pause, if there is one.
    private func end(_ pause: inout Task<Void, Never>?) async {
        pause?.cancel()
        await pause?.value
        pause = nil
    }

    /// Saves what is in force, if it has come from the stream.
    private func save(to cache: any StreamCache) async {
        bell.answer()
        let (generation, staleSince) = storage.withLock { ($0.generation, $0.staleSince) }
        guard generation.position.epoch > 0 else { return }
        let failure = await withCheckedContinuation { (done: CheckedContinuation<StreamError?, Never>) in
            do throws(SystemFailure) {
                // Values are walked by recursion, to a depth that is limited.
                try PlainThread.start("graft-cache", stackBytes: 2 << 20) {
                    do throws(StreamError) {
                        try cache.save(CachedConfiguration(generation, savedAt: staleSince ?? .now))
                        done.resume(returning: nil)
                    } catch {
                        done.resume(returning: error)
                    }
                }
            } catch {
                done.resume(returning: StreamError(.cache, "no thread to save on: \(error.text)"))
            }
        }
        storage.withLock { storage in
            storage.cacheFailure = failure
            if failure == nil {
                storage.machine.counters.cacheSaves += 1
            } else {
                storage.machine.counters.cacheFailures += 1
            }
        }
    }
}

extension CachedConfiguration {
    /// What a generation says, in the order in which it can be said again.
    init(_ generation: Generation, savedAt: WallTime) {
        // Of two sources of the same rank the later one is in force: the weakest goes first.
        let settings = generation.table.entries.flatMap { entry in
            entry.layers.reversed().map { StreamSetting(key: entry.name, source: $0.source.name, value: $0.value) }
        }
        self.init(
            settings: settings, origin: generation.origin, sequence: generation.position.sequence, savedAt: savedAt)
    }
}
