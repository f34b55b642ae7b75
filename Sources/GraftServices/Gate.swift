// Gate: what one task waits for and any thread opens.
//
// Owns one flag and one continuation. It stays open, and a cancellation does not open it: whoever waits has that done by a
// handler, together with the graceful shutdown. Neighbours: ProductService and RemoteConfigService wait.

internal import Synchronization

/// Closed until somebody opens it.
final class Gate: Sendable {
    /// Where it is: closed, closed with a task before it, open.
    private enum State {
        case closed
        case awaited(CheckedContinuation<Void, Never>)
        case open
    }

    private let state = Mutex(State.closed)

    /// Opens it for good. Any thread; again does nothing.
    func open() {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state = .open }
            guard case .awaited(let continuation) = state else { return nil }
            return continuation
        }
        waiting?.resume()
    }

    /// Waits until it is open. One task at a time.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                switch state {
                case .open: return true
                case .awaited: preconditionFailure("one task waits at a gate")
                case .closed:
                    state = .awaited(continuation)
                    return false
                }
            }
            if isOpen { continuation.resume() }
        }
    }
}
