// ChangeBuffer.swift: changes, lowered to what C reads.
//
// Owns the C strings while the core copies them, and the references to handlers until somebody takes them over. It
// decides nothing. Neighbours: Instrumentation.swift and UpdateStream.swift lower with it, Outcomes.swift raises the
// answers.

internal import CGraft
internal import Glibc

/// The C form of some changes. The strings live as long as the buffer.
struct ChangeBuffer: ~Copyable {
    /// The changes, in order.
    private(set) var changes: [graft_change] = []
    /// The reference of each installation's handler, at the index of its change; nil where there is none.
    private(set) var handlers: [HandlerTable.Reference?] = []

    /// Lowers these changes, and takes a reference to each handler.
    init(_ source: some Collection<Change>) {
        changes.reserveCapacity(source.count)
        handlers.reserveCapacity(source.count)
        for change in source { append(change) }
    }

    deinit {
        for change in changes {
            free(UnsafeMutablePointer(mutating: change.spec.target))
            free(UnsafeMutablePointer(mutating: change.spec.signature))
        }
    }

    /// The specifications of the installations.
    var specs: [graft_probe_spec] { changes.map(\.spec) }

    /// Lowers one change.
    private mutating func append(_ change: Change) {
        var raw = graft_change()
        var handler: HandlerTable.Reference?
        switch change {
        case .install(let request):
            handler = HandlerTable.Reference(request)
            raw.kind = GRAFT_CHANGE_INSTALL
            raw.spec.target = UnsafePointer(strdup(request.target.text))
            raw.spec.mode = request.mode.raw
            raw.spec.flags = request.options.rawValue
            raw.spec.sample_every = request.sampleEvery
            raw.spec.max_per_second = request.maximumPerSecond
            raw.spec.max_handler_nanoseconds = request.maximumHandlerNanoseconds
            raw.spec.context = handler?.context
            if let around = request.around {
                raw.spec.signature = UnsafePointer(strdup(around.signature.text))
                raw.spec.around = AroundBox.call
                raw.spec.release = AroundBox.release
            } else if handler != nil {
                raw.spec.handler = HandlerBox.call
            }
        case .remove(let probe):
            raw.kind = GRAFT_CHANGE_REMOVE
            raw.probe = probe.id
        case .setMode(let probe, let mode):
            raw.kind = GRAFT_CHANGE_MODE
            raw.probe = probe.id
            raw.mode = mode.raw
        }
        changes.append(raw)
        handlers.append(handler)
    }
}
