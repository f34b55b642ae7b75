// AroundBox.swift: the closure of an around-probe, where C can find it.
//
// Owns the two C functions through which every such closure is called and given up. The core owns the reference from the
// accepted installation on, because a call may still be in the closure when the probe has long been removed.
// Neighbours: Around.swift, HandlerTable.swift.

internal import CGraft

/// A closure behind a pointer that C can carry.
final class AroundBox: Sendable {
    /// The handler. `let`, so that calling it needs no copy of the closure and so no retain.
    let body: AroundHandler

    /// A box of this handler.
    init(_ body: @escaping AroundHandler) { self.body = body }

    /// Calls the box that `context` points to, on a thread of the host program.
    static let call: graft_around_handler = { call, context in
        guard let call, let context else { return }
        Unmanaged<AroundBox>.fromOpaque(context)._withUnsafeGuaranteedRef { box in
            box.body(AroundCall(call))
        }
    }

    /// Gives the core's reference up.
    static let release: graft_around_release = { context in
        guard let context else { return }
        Unmanaged<AroundBox>.fromOpaque(context).release()
    }
}
