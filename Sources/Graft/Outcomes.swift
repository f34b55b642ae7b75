// Outcomes.swift: answers of the core, raised to Swift, and the handlers settled by them.
//
// Owns the rule when a handler's reference is kept and when it is released: an accepted installation keeps it, a
// refused one releases it, a removal (also of a probe that is gone already) releases it. Neighbours: HandlerTable.swift,
// ChangeBuffer.swift.

internal import CGraft

extension Outcome {
    /// The value of this C struct.
    init(_ raw: graft_outcome) {
        let accepted = raw.status == GRAFT_OK
        let probe = raw.probe == 0 ? nil : Probe(id: raw.probe)
        self.init(
            probe: probe, error: accepted ? nil : GraftError(raw.status, place: probe.map { .probe($0) }),
            state: ProbeState(raw.state), installed: Int(raw.installed), refused: Int(raw.refused),
            refusal: raw.refused == 0
                ? nil : Refusal(code: GraftError.Code(raw.refusal), address: raw.refusal_address))
    }

    /// The outcome of a change that was not carried out at all.
    init(notDone error: GraftError, probe: Probe? = nil) {
        self.init(probe: probe, error: error, state: .unknown)
    }

    /// Settles the handler of the change that this is the outcome of.
    func settle(_ kind: graft_change_kind, handler: HandlerTable.Reference?) {
        switch kind {
        case GRAFT_CHANGE_INSTALL:
            guard let handler else { return }
            if error == nil && handler.isOwnedByCore { return }
            if error == nil, let probe { HandlerTable.shared.keep(handler, for: probe) } else { handler.release() }
        case GRAFT_CHANGE_REMOVE:
            guard let probe, error == nil || error?.code == .noSuchProbe else { return }
            HandlerTable.shared.release(probe)
        default:
            return
        }
    }
}
