// HandlerTable.swift: which handler belongs to which probe, so that it is released once and not too early.
//
// Owns one reference to the box of each installed probe that has a handler. The reference is taken before the core
// hears of the probe, and given up after the outcome of its removal (or of its refused installation): only then does
// the core promise that no thread is inside the handler or will enter it. That of an around-probe is the core's own from
// its acceptance on. Never touched on the way of a hit.
// Neighbours: ChangeBuffer.swift takes the references, Outcomes.swift settles them.

internal import CGraft
internal import Synchronization

/// The boxes of the probes that are installed. One for the process, as the core is.
final class HandlerTable: Sendable {
    /// A retained box: one reference that this module has to give up.
    struct Reference: Sendable {
        /// The box, as C sees it.
        let pointer: UInt
        /// Whether the core gives the reference up itself, once it has accepted the probe: that of an around-probe.
        let isOwnedByCore: Bool

        /// Takes a reference to the box of what this request calls; nil when it calls nothing. An `around` comes first.
        init?(_ request: ProbeRequest) {
            if let around = request.around {
                self.init(Unmanaged.passRetained(AroundBox(around.handler)).toOpaque(), isOwnedByCore: true)
            } else if let handler = request.handler {
                self.init(Unmanaged.passRetained(HandlerBox(handler)).toOpaque(), isOwnedByCore: false)
            } else {
                return nil
            }
        }

        /// A reference that has been taken.
        private init(_ box: UnsafeMutableRawPointer, isOwnedByCore: Bool) {
            pointer = UInt(bitPattern: box)
            self.isOwnedByCore = isOwnedByCore
        }

        /// What C is given.
        var context: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: pointer) }

        /// Gives the reference up. Once, and when no thread can be inside the handler.
        func release() {
            guard let context else { return }
            Unmanaged<AnyObject>.fromOpaque(context).release()
        }
    }

    /// The table of the process.
    static let shared = HandlerTable()

    /// Boxes by probe. Written by whoever installs or removes, on control-plane threads only.
    private let boxes = Mutex<[Probe: Reference]>([:])

    /// Keeps a reference until the probe is removed. A probe may have gone already, removed by a thread that learned of
    /// it from a snapshot: then no later outcome would release the reference, so it is released here.
    func keep(_ reference: Reference, for probe: Probe) {
        boxes.withLock { $0[probe] = reference }
        var hits: UInt64 = 0
        if graft_probe_hits(probe.id, &hits) == GRAFT_NO_SUCH_PROBE { release(probe) }
    }

    /// Releases the reference of a probe whose removal has been reported. Whoever takes it out of the table releases.
    func release(_ probe: Probe) {
        boxes.withLock { $0.removeValue(forKey: probe) }?.release()
    }

    /// The probes that have a handler.
    var probes: [Probe] { boxes.withLock { Array($0.keys) } }
}
