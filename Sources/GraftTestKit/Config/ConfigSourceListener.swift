// ConfigSourceListener: what a thread that owns a source does, for tests.
//
// Owns the waiting: it waits for the descriptor, with a bound, and collects what the source says. It never sleeps to
// let time pass; whoever wants to see that nothing happens waits for the descriptor as well.

public import GraftConfig
internal import Glibc

/// Waits for a source's descriptor and collects its events.
public final class ConfigSourceListener {
    /// The source.
    public let source: any ConfigSource
    /// Everything that it has said.
    public private(set) var events: [ConfigEvent] = []
    /// How many times the descriptor was readable while the source had nothing to say.
    public private(set) var idleWakes = 0

    /// A listener for `source`.
    public init(_ source: any ConfigSource) { self.source = source }

    /// Listens until `isEnough` says so of everything heard so far, at most for `patience`; tells whether it did.
    public func listen(for patience: Duration = .seconds(5), until isEnough: ([ConfigEvent]) -> Bool) -> Bool {
        let end = ContinuousClock.now + patience
        while !isEnough(events) {
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else { return false }
            guard waitOnce(left) else { continue }
            let new = source.poll()
            if new.isEmpty { idleWakes += 1 }
            events += new
        }
        return true
    }

    /// Listens for all of `time` and gives what was said meanwhile.
    public func listen(throughout time: Duration) -> [ConfigEvent] {
        let before = events.count
        _ = listen(for: time) { _ in false }
        return Array(events[before...])
    }

    /// The updates among the events.
    public var updates: [ConfigUpdate] {
        events.compactMap { if case .update(let update) = $0 { update } else { nil } }
    }

    /// The problems among the events.
    public var problems: [ConfigError] {
        events.compactMap { if case .problem(let error) = $0 { error } else { nil } }
    }

    /// What is in force by path, as the events say.
    public var inForce: [String: [UInt8]] {
        updates.reduce(into: [:]) { contents, update in
            if update.isSnapshot { contents = [:] }
            contents[update.path] = update.bytes
        }
    }

    /// Waits until the descriptor is readable; tells whether it is.
    private func waitOnce(_ time: Duration) -> Bool {
        var waiting = pollfd(fd: source.descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = time.components.seconds * 1_000 + time.components.attoseconds / 1_000_000_000_000_000
        return Glibc.poll(&waiting, 1, Int32(clamping: milliseconds + 1)) > 0
    }
}
