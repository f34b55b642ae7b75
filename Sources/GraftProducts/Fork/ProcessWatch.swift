// ProcessWatch: who is told that the process forks, and that it ends.
//
// Owns the one registration with pthread_atfork and atexit, and the list of those who are told. The list only grows and
// is read without a lock: a lock could be held by another thread at the moment of the fork. What was prepared for a fork
// belongs to the thread that forks, since several may fork at a time. Neighbour: ManagerFork.

internal import Glibc
internal import Synchronization

/// Somebody who is told.
protocol ProcessWatcher: AnyObject, Sendable {
    /// Prepares, in the parent, on the thread that forks; must not wait. The result is for the same thread.
    func prepareForFork() -> any ForkPreparation
    /// The process ends by `exit` or by returning from main.
    func processEnds()
}

/// What was prepared for one fork.
protocol ForkPreparation: Sendable {
    /// The fork is over, here in the parent, or has failed.
    func inParent()
    /// This is the child; the thread that forked is its only one.
    func inChild()
}

/// Tells watchers, the newest first, except after a fork, where the oldest is first.
enum ProcessWatch {
    /// One watcher and those that came before.
    fileprivate final class Node: Sendable {
        /// The watcher.
        let watcher: any ProcessWatcher
        /// The one before it.
        let older: Unmanaged<Node>?

        init(_ watcher: any ProcessWatcher, older: Unmanaged<Node>?) {
            self.watcher = watcher
            self.older = older
        }
    }

    /// The newest watcher.
    private static let newest = Atomic<Unmanaged<Node>?>(nil)

    /// What the system said to the registration, which is made once: 0 or an error number.
    private static let registration: Int32 = {
        var failure = pthread_key_create(&preparationsKey, nil)
        if failure == 0 { failure = pthread_atfork(processWillFork, processHasForked, processIsChild) }
        if failure == 0, atexit(processEnds) != 0 { failure = ENOMEM }
        return failure
    }()

    /// Tells `watcher` from now on, as long as the process lives.
    static func add(_ watcher: any ProcessWatcher) throws(ProductError) {
        guard registration == 0 else {
            throw ProductError(.system, "forks cannot be watched for: \(String(cString: strerror(registration)))")
        }
        var older = newest.load(ordering: .acquiring)
        while true {
            // Never released: a fork on another thread may be reading it at any time.
            let node = Unmanaged.passRetained(Node(watcher, older: older))
            // Releases the node to the loads of `watchers`.
            let (isDone, current) = newest.compareExchange(
                expected: older, desired: node, successOrdering: .releasing, failureOrdering: .acquiring)
            if isDone { return }
            node.release()
            older = current
        }
    }

    /// Goes the way of a child with a watcher that is not in the list; see Rehearsal.
    static func rehearse(_ watcher: any ProcessWatcher) {
        guard registration == 0 else { return }
        let made = Unmanaged.passRetained(Preparations([watcher.prepareForFork()]))
        guard pthread_setspecific(preparationsKey, made.toOpaque()) == 0 else { return made.release() }
        processIsChild()
    }

    /// The watchers, the newest first.
    fileprivate static var watchers: [any ProcessWatcher] {
        var found: [any ProcessWatcher] = []
        var node = newest.load(ordering: .acquiring)
        while let current = node?.takeUnretainedValue() {
            found.append(current.watcher)
            node = current.older
        }
        return found
    }
}

/// What a thread has prepared for its fork.
private final class Preparations: Sendable {
    /// In the order of the watchers.
    let list: [any ForkPreparation]

    init(_ list: [any ForkPreparation]) { self.list = list }
}

/// Where each thread keeps its `Preparations` between the handlers. Written once, before the handlers are registered.
nonisolated(unsafe) private var preparationsKey = pthread_key_t()

/// Takes what this thread has prepared, the oldest watcher's first.
private func takePreparations() -> [any ForkPreparation] {
    guard let pointer = pthread_getspecific(preparationsKey) else { return [] }
    pthread_setspecific(preparationsKey, nil)
    return Unmanaged<Preparations>.fromOpaque(pointer).takeRetainedValue().list.reversed()
}

/// Before a fork.
private func processWillFork() {
    let made = Unmanaged.passRetained(Preparations(ProcessWatch.watchers.map { $0.prepareForFork() }))
    // Without room for the pointer nobody is told: the child's products are then as its parent left them.
    if pthread_setspecific(preparationsKey, made.toOpaque()) != 0 { made.release() }
}

/// After a fork, in the parent.
private func processHasForked() { for preparation in takePreparations() { preparation.inParent() } }

/// After a fork, in the child.
private func processIsChild() { for preparation in takePreparations() { preparation.inChild() } }

/// At the end.
private func processEnds() { for watcher in ProcessWatch.watchers { watcher.processEnds() } }
