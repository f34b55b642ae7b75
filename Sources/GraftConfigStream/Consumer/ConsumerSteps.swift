// ConsumerSteps: one input after the other.
//
// Owns what happens under the lock: the machine is asked, an event is applied and shown, the state follows. What is to be done
// outside goes to the queue of commands in the same order. Neighbours: StreamMachine, ConsumerRun.

internal import Graft
internal import Synchronization

extension ConfigStreamConsumer {
    /// Gives the machine an input.
    func step(_ input: (inout Storage) -> [StreamMachine.Action]) {
        let (before, after) = storage.withLock { storage in
            let before = storage.machine.counters
            let actions = input(&storage)
            showState(&storage)
            commands.add(actions)
            return (before, storage.machine.counters)
        }
        if let meter = settings.meter { report(before, after, to: meter) }
    }

    /// A message of a stream has come.
    ///
    /// - Throws: `CancellationError` when nothing more of this stream is wanted.
    func receive(_ id: StreamMachine.StreamID, _ message: StreamMessage) throws {
        let arrived = ContinuousClock.now
        var isWanted = true
        var applied: StreamPosition?
        var firstAfter: Duration?
        step { storage in
            let wasReady = storage.machine.isReady
            let (effect, actions) = storage.machine.receive(id, message, at: arrived)
            if case .apply(let position) = effect {
                apply(message.event, at: position, in: &storage)
                applied = position
                if !wasReady && storage.machine.isReady { firstAfter = storage.begun.map { .now - $0 } }
            }
            isWanted = effect != .abandon
            return actions
        }
        if let meter = settings.meter, let applied {
            meter.record(.applied(.now - arrived))
            meter.record(.lastSequence(applied.sequence))
            if let firstAfter { meter.record(.timeToFirstSnapshot(firstAfter)) }
        }
        if !isWanted { throw CancellationError() }
    }

    /// Makes the generation that an event leads to, and shows it.
    private func apply(_ event: StreamEvent, at position: StreamPosition, in storage: inout Storage) {
        var origin = storage.generation.origin
        switch event {
        case .snapshot(let snapshot):
            let written = storage.writer.snapshot(snapshot.settings, after: storage.said)
            storage.machine.counters.duplicateSettings += written.duplicates
            storage.said = written.table
            origin = snapshot.origin
        case .update(let update):
            if let setting = update.setting { storage.said = storage.writer.update(setting, after: storage.said) }
            if !update.origin.isEmpty { origin = update.origin }
        case .empty:
            return
        }
        storage.generation = Generation(
            table: storage.writer.shown(storage.said), position: position, origin: origin)
        storage.hasConfiguration = true
        do throws(GraftError) {
            try store.publish(storage.generation)
        } catch {
            // Readers see it with the next event: the generation is not lost.
            storage.machine.failure = StreamFailure(.resourceExhausted, "the core could not publish: \(error)")
        }
        hub.step(to: storage.generation)
        // Last: who waited for an event knows that everybody who listens has been told of it.
        store.wake(storage.generation, isReady: storage.machine.isReady)
        if !storage.isReclaiming {
            storage.isReclaiming = true
            commands.reclaim()
        }
        if settings.cache != nil {
            if case .snapshot = event { bell.ring(.snapshot) } else { bell.ring(.update) }
        }
    }

    /// Lets the public state follow the machine's.
    private func showState(_ storage: inout Storage) {
        let isLive = storage.machine.state(staleSince: nil) == .live
        if isLive || !storage.hasConfiguration {
            storage.staleSince = nil
        } else if storage.staleSince == nil {
            storage.staleSince = .now
        }
        let status = StreamStatus(
            state: storage.machine.state(staleSince: storage.staleSince), failure: storage.machine.failure,
            position: storage.generation.position)
        if storage.status.says(sameAs: status) { return }
        storage.status = status
        states.set(status.state)
        hub.show(status)
    }

    /// Tells a metrics system what has been counted.
    private func report(_ before: StreamCounters, _ after: StreamCounters, to meter: any StreamMeter) {
        if after.connects > before.connects { meter.record(.connected(again: after.reconnects > before.reconnects)) }
        if after.resyncs != before.resyncs {
            for cause in ResyncCause.allCases where after.resyncs[cause] != before.resyncs[cause] {
                meter.record(.resync(cause))
            }
        }
        if after.droppedStale > before.droppedStale {
            meter.record(.droppedStale(after.droppedStale - before.droppedStale))
        }
        if after.sessionRegistrations > before.sessionRegistrations { meter.record(.sessionRegistered) }
        if after.sessionRefreshFailures > before.sessionRefreshFailures { meter.record(.sessionRefreshFailed) }
    }
}
