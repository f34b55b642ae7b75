// HandlerBox.swift: the closure of a handler, where C can find it.
//
// Owns the one C function that every Swift handler is called through. Its context is a box made once at installation;
// on the way of a hit nothing is allocated, locked, retained or released. The box must outlive the removal's outcome:
// HandlerTable.swift sees to that.

internal import CGraft

/// A closure behind a pointer that C can carry.
final class HandlerBox: Sendable {
    /// The handler. `let`, so that calling it needs no copy of the closure and so no retain.
    let body: Handler

    /// A box of this handler.
    init(_ body: @escaping Handler) { self.body = body }

    /// Calls the box that `context` points to. The caller is a thunk, on a thread of the host program.
    static let call: graft_handler = { hit, context in
        guard let hit, let context else { return }
        Unmanaged<HandlerBox>.fromOpaque(context)._withUnsafeGuaranteedRef { box in
            box.body(Hit(hit))
        }
    }
}
