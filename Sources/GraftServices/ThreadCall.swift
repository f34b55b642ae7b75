// ThreadCall: a call that may block, awaited.
//
// Owns the way from a task to a plain thread and back: the threads of Swift concurrency are few, and one that blocks is one
// that runs no task. Neighbours: PlainThread makes the thread, ProductService needs it.

internal import GraftConfig

/// Calls that may block.
enum ThreadCall {
    /// Bytes of the thread's stack, in address space: as much as a main thread mostly has, since products run on it.
    static let stackBytes = 8 << 20

    /// Does `body` on a thread of its own, named `name`, and returns after it; a cancellation does not shorten that. Where
    /// the system refuses a thread, it is done on this one: better a task that blocks than products that are not stopped.
    static func wait(_ name: String, for body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let work: @Sendable () -> Void = {
                body()
                continuation.resume()
            }
            do throws(SystemFailure) {
                // What products start inherits the signals that are blocked: as few as on any thread of the program.
                try PlainThread.start(name, stackBytes: stackBytes, leavesSignals: false, work)
            } catch {
                work()
            }
        }
    }
}
