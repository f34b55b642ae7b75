// CommandQueue: from those who give inputs to the one who carries actions out.
//
// Owns a list of actions in the order in which they were decided, and the end of it. Neighbours: ConsumerRun takes them.

/// What is to be done, in order.
struct CommandQueue: Sendable {
    /// Something to be done or to be noted.
    enum Command: Sendable {
        /// The machine wants it.
        case action(StreamMachine.Action)
        /// Generations that were replaced are to be released.
        case reclaim
        /// A task that was begun is over.
        case done(Int)
    }

    /// The commands, for one taker.
    let commands: AsyncStream<Command>
    private let sink: AsyncStream<Command>.Continuation

    /// A queue without commands.
    init() {
        // Not bounded by number, and bounded by what there is: an input leads to three actions at most, and what gives inputs
        // was begun by an action.
        (commands, sink) = AsyncStream.makeStream(of: Command.self, bufferingPolicy: .unbounded)
    }

    /// Adds actions.
    func add(_ actions: [StreamMachine.Action]) {
        for action in actions { sink.yield(.action(action)) }
    }

    /// Has generations released that were replaced.
    func reclaim() { sink.yield(.reclaim) }

    /// Notes that a task is over.
    func done(_ task: Int) { sink.yield(.done(task)) }

    /// Nothing follows.
    func finish() { sink.finish() }
}
