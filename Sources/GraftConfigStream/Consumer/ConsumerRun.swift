// ConsumerRun: the effects.
//
// Owns the tasks of a running consumer: one for each stream, one for the session, one for each pause. It decides nothing: the
// machine's actions are carried out in order, and what comes of them is given back as inputs. All tasks are over when it returns.
// Neighbours: ConsumerSteps, StreamTransport.

internal import Synchronization

extension ConfigStreamConsumer {
    /// Connects, and keeps the configuration up to date until `stop()` or until the task is cancelled. Once in a
    /// consumer's life.
    ///
    /// - Throws: `StreamError` of code `alreadyRun`. What goes wrong with the core agent is not thrown: it is the state, and is tried
    ///   again.
    public func run() async throws {
        let isFirst = storage.withLock { storage in
            defer { storage.begun = storage.begun ?? .now }
            return storage.begun == nil
        }
        guard isFirst else { throw StreamError(.alreadyRun, "a consumer runs once; make another one") }
        // Not cancelled with this task: the last save is made however it ends.
        let keeper = settings.cache.map { cache in Task { await keepCache(cache) } }
        await withTaskCancellationHandler {
            var run = ConsumerRun(consumer: self)
            step { $0.machine.hasStopped ? [] : $0.machine.start() }
            for await command in commands.commands { run.carryOut(command) }
            await run.end()
        } onCancel: {
            stop()
        }
        stop()
        bell.finish()
        await keeper?.value
    }
}

/// The tasks of a running consumer.
private struct ConsumerRun {
    /// What a task is for.
    private enum Purpose: Hashable {
        case stream(StreamMachine.StreamID)
        case watch(StreamMachine.StreamID)
        case session(String)
        case other
    }

    private let consumer: ConfigStreamConsumer
    /// The tasks that are not over, by number.
    private var tasks: [Int: (purpose: Purpose, task: Task<Void, Never>)] = [:]
    private var lastNumber = 0

    /// Nothing runs yet.
    init(consumer: ConfigStreamConsumer) { self.consumer = consumer }

    /// Carries out one command.
    mutating func carryOut(_ command: CommandQueue.Command) {
        switch command {
        case .done(let number):
            // A stream that is over needs no watching.
            if case .stream(let id) = tasks.removeValue(forKey: number)?.purpose { cancel(.watch(id)) }
        case .action(let action): carryOut(action)
        case .reclaim:
            let consumer = consumer
            begin(.other) { await consumer.reclaim() }
        }
    }

    /// Carries out one action.
    private mutating func carryOut(_ action: StreamMachine.Action) {
        let consumer = consumer
        switch action {
        case .obtainSession(let number): begin(.other) { await consumer.obtainSession(number) }
        case .keepSession(let id, let seconds): begin(.session(id)) { await consumer.keepSession(id, seconds) }
        case .endSession(let id): cancel(.session(id))
        case .open(let id, let session):
            begin(.stream(id)) { await consumer.follow(id, session: session) }
            begin(.watch(id)) { await consumer.watchForSnapshot(of: id) }
        case .close(let id):
            cancel(.stream(id))
            cancel(.watch(id))
        case .wait(let timer, let attempt):
            let pause =
                attempt == .max ? consumer.settings.backoff.cap : consumer.settings.backoff.pause(attempt: attempt)
            begin(.other) {
                guard (try? await Task.sleep(for: pause)) != nil else { return }
                consumer.step { $0.machine.waited(timer) }
            }
        }
    }

    /// Begins a task.
    private mutating func begin(_ purpose: Purpose, _ body: @escaping @Sendable () async -> Void) {
        lastNumber += 1
        let number = lastNumber
        let commands = consumer.commands
        let task = Task {
            await body()
            commands.done(number)
        }
        tasks[number] = (purpose, task)
    }

    /// Cancels the tasks of a purpose.
    private func cancel(_ purpose: Purpose) {
        for running in tasks.values where running.purpose == purpose { running.task.cancel() }
    }

    /// Cancels every task and waits for it.
    func end() async {
        for running in tasks.values { running.task.cancel() }
        for running in tasks.values { await running.task.value }
    }
}
