// ConfigPump: from a source's descriptor to tasks that wait for events.
//
// Owns one thread, which waits with poll(2) and asks the source only while a task waits: the demand decides, so no
// buffer can grow. What a source says at once for several events is kept until it is asked for. Neighbours:
// ConfigUpdates, PlainThread, WakeEvent.

internal import Synchronization

/// Hands the events of one source to whoever waits for them.
final class ConfigPump: Sendable {
    /// A task that waits.
    private struct Waiter {
        /// Tells it from others.
        var id: UInt64
        /// Where it goes on.
        var continuation: CheckedContinuation<ConfigEvent?, Never>
    }

    /// What the thread and the tasks share.
    private struct Storage {
        /// Events that nobody has asked for yet; those of one `poll()` at most.
        var events: ArraySlice<ConfigEvent> = []
        /// Tasks that wait, the first one first. Empty whenever `events` is not.
        var waiters: ArraySlice<Waiter> = []
        /// Whether it is over.
        var hasEnded = false
        /// The last waiter's id.
        var lastID: UInt64 = 0
    }

    private let source: any ConfigSource
    private let wake: WakeEvent
    private let storage = Mutex(Storage())

    private init(_ source: any ConfigSource) throws(SystemFailure) {
        self.source = source
        wake = try WakeEvent()
    }

    /// A pump whose thread runs until `end()`.
    static func start(_ source: any ConfigSource) throws(SystemFailure) -> ConfigPump {
        let pump = try ConfigPump(source)
        try PlainThread.start("graft-config") { pump.run() }
        return pump
    }

    /// The next event, as soon as there is one; nil at the end and when the task is cancelled.
    func next() async -> ConfigEvent? {
        let id = storage.withLock { storage in
            storage.lastID += 1
            return storage.lastID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { enlist(Waiter(id: id, continuation: $0)) }
        } onCancel: {
            dismiss(id)
        }
    }

    /// Ends it: for those who wait, for those who will, and for the source.
    func end() {
        let waiters = storage.withLock { storage in
            storage.hasEnded = true
            defer { storage.waiters = [] }
            return storage.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
        wake.signal()
    }
}

extension ConfigPump {
    /// What becomes of a waiter that has just come.
    private enum Fate {
        /// It has its answer.
        case answered(ConfigEvent?)
        /// It waits.
        case waits
    }

    /// Answers a waiter at once or lets it wait.
    private func enlist(_ waiter: Waiter) {
        // The flag is set before the cancellation handler runs, and that takes the lock: it either finds the waiter or
        // is seen here.
        let isCancelled = Task.isCancelled
        let fate = storage.withLock { storage -> Fate in
            if isCancelled || Task.isCancelled || storage.hasEnded { return .answered(nil) }
            if let event = storage.events.popFirst() { return .answered(event) }
            storage.waiters.append(waiter)
            return .waits
        }
        switch fate {
        case .answered(let event): waiter.continuation.resume(returning: event)
        case .waits: wake.signal()
        }
    }

    /// Answers a waiter whose task is cancelled.
    private func dismiss(_ id: UInt64) {
        let waiter = storage.withLock { storage in
            storage.waiters.firstIndex { $0.id == id }.map { storage.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: nil)
    }

    /// The thread's work.
    private func run() {
        while true {
            let (hasEnded, isWanted) = storage.withLock { ($0.hasEnded, !$0.waiters.isEmpty) }
            if hasEnded { break }
            let descriptor = source.descriptor
            if descriptor < 0 {
                end()
                break
            }
            if isWanted { deliver(source.poll()) }
            if storage.withLock({ !$0.hasEnded }) { wait(for: descriptor) }
        }
        source.close()
    }

    /// Waits for a task to come, and, while one waits, for the source.
    private func wait(for descriptor: Int32) {
        wake.wait(or: storage.withLock { $0.waiters.isEmpty ? -1 : descriptor })
    }

    /// Gives events to those who wait and keeps the rest.
    private func deliver(_ events: [ConfigEvent]) {
        let answers = storage.withLock { storage in
            storage.events += events
            let count = min(storage.events.count, storage.waiters.count)
            defer {
                storage.events.removeFirst(count)
                storage.waiters.removeFirst(count)
            }
            return Array(zip(storage.waiters.prefix(count), storage.events.prefix(count)))
        }
        for (waiter, event) in answers { waiter.continuation.resume(returning: event) }
    }
}
