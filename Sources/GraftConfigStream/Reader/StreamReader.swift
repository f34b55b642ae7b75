// StreamReader: the configuration, to be read.
//
// Owns the two ways of looking at it: as it is now, and as it was at one moment. A look-up enters the generation in force,
// finds the key's entry and leaves: it takes no lock, counts no reference and allocates nothing. Neighbours:
// StreamReader+Getters, StreamStore, StreamTable.

internal import Graft

/// The configuration, to be read from any thread.
///
/// ```swift
/// let config = consumer.reader
/// let port = config.getInt("my_agent.port")
/// let now = config.snapshot()  // what belongs together
/// connect(now.getString("my_agent.host"), now.getInt("my_agent.port"))
/// ```
///
/// A reader never fails: what is not there, or is not of the kind that a getter was asked for, is the kind's zero, as in the reader
/// of the agent's other processes. `value(of:)` and `isSet` tell the difference.
public struct StreamReader: Sendable {
    /// The store of a reader of what is in force; nil for a reader of one generation. Keeps `published` alive.
    private let store: StreamStore?
    /// The generation of a reader of one.
    private let pinned: Generation?
    /// The store's pointer. A read goes through it without counting a reference: readers on several processors would write to
    /// one cache line. Proof: it is the store's as long as the store lives, and the store lives as long as this value, which is
    /// borrowed from the caller for the whole of a getter's call; no getter is inlined into another module.
    private let published: Unmanaged<Published<Generation>>?

    /// A reader of what is in force at each call.
    init(_ store: StreamStore) {
        self.store = store
        pinned = nil
        published = .passUnretained(store.published)
    }

    /// A reader of one generation for ever.
    init(_ generation: Generation) {
        store = nil
        pinned = generation
        published = nil
    }

    /// Calls `body` with the generation.
    @inline(__always)
    func withGeneration<Result>(_ body: (Generation) -> Result) -> Result {
        if let published { return published._withUnsafeGuaranteedRef { $0.withValue(body) } }
        return body(pinned.unsafelyUnwrapped)
    }

    /// Calls `body` with the value in force of a key; nil when there is none. Nothing is copied.
    @inline(__always)
    func withValue<Result>(_ key: StreamKey, _ body: (borrowing StreamValue?) -> Result) -> Result {
        withGeneration { generation in
            StreamKey.withBytes(of: key.name) { bytes, count in
                guard let entry = generation.table.find(bytes, count, hash: key.hash) else { return body(nil) }
                return entry._withUnsafeGuaranteedRef { entry in
                    entry.withUnsafeMutablePointerToHeader { header in
                        header.pointee.isSet ? body(header.pointee.winner.value) : body(nil)
                    }
                }
            }
        }
    }

    /// The same configuration for ever: what is read from it belongs together, however long one takes. It holds the memory
    /// of that moment's settings.
    public func snapshot() -> StreamReader { StreamReader(generation) }

    /// The generation.
    var generation: Generation { withGeneration { $0 } }

    /// Where in the history of what was received this is.
    public var position: StreamPosition { withGeneration(\.position) }

    /// The number of the last event that was applied, as the core agent counts; -1 before the first.
    public var sequenceID: Int32 { withGeneration(\.position.sequence) }

    /// The core agent's word for where its configuration comes from: `datadog.yaml`.
    public var origin: String { withGeneration(\.origin) }

    /// Waits until the event with this number, or a later one, has been applied, and gives the configuration as it is then. A
    /// barrier for those who know what the core agent has sent.
    ///
    /// - Parameters:
    ///   - sequence: the core agent's number.
    ///   - epoch: the stream that it belongs to, if it matters: then a later stream's snapshot will do whatever its number.
    /// - Throws: `StreamError` (`ended`), `CancellationError`.
    public func atLeast(sequence: Int32, epoch: UInt64? = nil) async throws -> StreamReader {
        guard let store else { return self }
        try await store.wait { generation, _ in
            let position = generation.position
            if let epoch, position.epoch != epoch { return position.epoch > epoch }
            // Numbers wrap: the difference tells which is later.
            return position.epoch > 0 && position.sequence &- sequence >= 0
        }
        return snapshot()
    }
}
