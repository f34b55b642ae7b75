// Subscriber: what one listener has not yet taken.
//
// Owns a bounded list of steps from one generation to the next. What has changed between the two is found when a step is taken,
// on the listener's time. When the list is full, it becomes one step, from where the listener stands to the present: nothing is
// lost but the order in which it came to be. Neighbours: StreamHub offers steps, StreamChanges takes them.

internal import Synchronization

/// One listener.
final class Subscriber: Sendable {
    /// From one generation to a later one.
    private struct Step {
        /// What the listener has when it takes the step.
        let from: Generation
        /// What it has then.
        let to: Generation
        /// Whether several steps were made one.
        let isLag: Bool
    }

    /// What the lock protects.
    private struct Storage {
        /// The steps that were not taken, in order. Each begins where the one before it ends.
        var steps: [Step] = []
        /// Those who wait, to look again whenever there is a step, the end, or one of them is cancelled.
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Whether nothing comes any more.
        var hasEnded = false
    }

    let selection: StreamSelection
    private let capacity: Int
    private let storage = Mutex(Storage())

    /// A listener for these keys that may fall behind by so many events.
    init(_ selection: StreamSelection, capacity: Int) {
        self.selection = selection
        self.capacity = capacity
    }

    /// A generation follows another one.
    func offer(_ old: Generation, _ new: Generation) {
        let waiting = storage.withLock { storage -> [CheckedContinuation<Void, Never>] in
            if storage.hasEnded { return [] }
            if storage.steps.count == capacity {
                storage.steps = [Step(from: storage.steps[0].from, to: new, isLag: true)]
            } else {
                storage.steps.append(Step(from: old, to: new, isLag: false))
            }
            return take(&storage.waiting)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Nothing comes any more: what was not taken can still be.
    func end() {
        let waiting = storage.withLock { storage in
            storage.hasEnded = true
            return take(&storage.waiting)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// The next step's notices, which may be none; nil at the end, and when the task is cancelled.
    func next() async -> [StreamNotice]? {
        while !Task.isCancelled {
            let (step, hasEnded) = storage.withLock { storage in
                (storage.steps.isEmpty ? nil : storage.steps.removeFirst(), storage.hasEnded)
            }
            if let step { return notices(of: step) }
            if hasEnded { return nil }
            await wait()
        }
        return nil
    }

    /// The notices of all steps that were not taken.
    func takeAll() -> [StreamNotice] {
        storage.withLock { take(&$0.steps) }.flatMap { notices(of: $0) }
    }

    /// How many steps were not taken.
    var backlog: Int { storage.withLock { $0.steps.count } }

    /// Waits for a step, for the end, or for the task's cancellation.
    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = storage.withLock { storage in
                    if Task.isCancelled || storage.hasEnded || !storage.steps.isEmpty { return true }
                    storage.waiting.append(continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            for continuation in storage.withLock({ take(&$0.waiting) }) { continuation.resume() }
        }
    }

    /// What a step means for the keys that are wanted, in the order of the keys.
    private func notices(of step: Step) -> [StreamNotice] {
        var changes: [StreamChange] = []
        step.to.table.forEachDifference(from: step.from.table) { old, new in
            guard let entry = new ?? old, selection.contains(entry) else { return }
            changes.append(
                StreamChange(
                    key: entry.name, old: old?.value, new: new?.value, source: new?.source, position: step.to.position))
        }
        changes.sort { $0.key < $1.key }
        guard step.isLag else { return changes.map { .change($0) } }
        return [.lagged(from: step.from.position, to: step.to.position, changes: changes)]
    }
}

/// Takes what is there and leaves nothing.
private func take<Element>(_ list: inout [Element]) -> [Element] {
    defer { list = [] }
    return list
}
