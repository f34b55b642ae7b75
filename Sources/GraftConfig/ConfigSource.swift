// ConfigSource: where configuration comes from.
//
// Owns the role that every source plays and the events that it hands out. A source is synchronous: it belongs to
// whoever waits for its descriptor, with poll(2) or epoll, on a plain thread. ConfigUpdates is the same for tasks.
// Neighbours: FileConfigSource is the source that is built in; checkConfigSource in GraftTestKit tests any source.

/// Somewhere that configuration comes from.
///
/// A thread waits until `descriptor` is readable and calls `poll()`; that is all that a source needs:
///
/// ```swift
/// let source = try FileConfigSource(path: "/etc/graft/targets.json")
/// var waiting = pollfd(fd: source.descriptor, events: Int16(POLLIN), revents: 0)
/// while Glibc.poll(&waiting, 1, -1) >= 0 {
///     for event in source.poll() { handle(event) }
/// }
/// ```
///
/// Every method may be called on any thread; calls exclude each other. The right way to share a source's events is to
/// share what becomes of them: each event is handed out once.
public protocol ConfigSource: AnyObject, Sendable {
    /// A descriptor that is readable when `poll()` may have something to say, also at first; -1 after `close()`.
    /// It is the same as long as the source is open. It is only to be waited for, never read or closed.
    var descriptor: Int32 { get }

    /// Takes what has happened since the last call, in order. Never waits; empty when nothing has happened, and after
    /// `close()`. An error never ends a source: it is an event, and what was in force stays in force.
    func poll() -> [ConfigEvent]

    /// Releases what the source holds. Safe to call twice. Updates that were handed out stay in force.
    func close()
}

/// Something that a source has to say.
public enum ConfigEvent: Sendable, Hashable {
    /// A payload is new, has changed or is gone. It ends any problem of its path.
    case update(ConfigUpdate)
    /// The payload at `error.path` cannot be used as it is now; what was in force under the path stays in force.
    /// Said once for each new reason, until an `update` or `cleared` of the same path ends it. Without a path it is
    /// the source itself that has a problem.
    case problem(ConfigError)
    /// The problem of this path is over, and what is in force is what was in force before it.
    case cleared(path: String?)
}
