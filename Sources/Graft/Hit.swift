// Hit.swift: what a handler is given.
//
// Owns a view of the C hit (hit.h), valid during the call of the handler. It is not copyable and handlers borrow it,
// so it cannot be kept: what a handler wants to remember it copies out as numbers. Nothing here allocates except the
// three properties that make a String, and they say so. Neighbour: Handler.swift makes it.

internal import CGraft

/// Which moment of a call a handler sees.
public enum Phase: Hashable, Sendable {
    /// The function is about to run.
    case enter
    /// It has returned; an async function: it is done, perhaps on another thread.
    case leave
    /// An exception or a thread's cancellation is passing through it.
    case unwind
}

/// One entry into, or exit from, an instrumented function; lent to the handler.
public struct Hit: ~Copyable {
    /// The C view; it lives as long as the handler's call.
    private let raw: UnsafeMutablePointer<graft_hit>

    /// A view of this C hit.
    init(_ raw: UnsafeMutablePointer<graft_hit>) { self.raw = raw }

    /// The probe that reports.
    public var probe: Probe { Probe(id: raw.pointee.probe) }

    /// Which moment of the call this is.
    public var phase: Phase {
        switch raw.pointee.phase {
        case GRAFT_PHASE_ENTER: .enter
        case GRAFT_PHASE_LEAVE: .leave
        default: .unwind
        }
    }

    /// The kernel's identifier of this thread, with `ProbeOptions.thread`; else 0.
    public var thread: UInt32 { raw.pointee.thread }

    /// The address of the function's entry.
    public var address: UInt64 { raw.pointee.entry.pointee.address }

    /// The linker name of the function. Makes a String: for the first hits or a diagnosis, not for every call.
    public var symbol: String { String(cString: raw.pointee.entry.pointee.symbol) }

    /// The demangled name of the function. Makes a String, as `symbol` does.
    public var name: String { String(cString: raw.pointee.entry.pointee.name) }

    /// The path of the image that has the function. Makes a String, as `symbol` does.
    public var image: String { String(cString: raw.pointee.entry.pointee.image) }

    /// The address in the caller to which the function returns; of an async function, one byte into the continuation.
    public var returnAddress: UInt64 { raw.pointee.return_address }

    /// The stack pointer at the function's entry: the address of its return address.
    public var stackPointer: UInt64 { raw.pointee.stack_pointer }

    /// At `leave` and `unwind`, the time since `enter`, with `ProbeOptions.time`; else 0.
    public var nanoseconds: UInt64 { raw.pointee.nanoseconds }

    /// A word of the handler's own: what it sets at `enter` is here at `leave` of the same call.
    public var cookie: UInt64 {
        get { raw.pointee.cookie }
        nonmutating set { raw.pointee.cookie = newValue }
    }
}

extension Hit {
    /// Integer or pointer argument `index`, counted from 0, at `enter`. The first six are registers, later ones the
    /// caller's stack; 0 past the 64th stack slot or for a negative index.
    public func argument(_ index: Int) -> UInt64 {
        UInt32(exactly: index).map { graft_hit_argument(raw, $0) } ?? 0
    }

    /// Floating argument `index`, 0 to 7, at `enter`; 0 otherwise.
    public func floatArgument(_ index: Int) -> Double {
        UInt32(exactly: index).map { graft_hit_float_argument(raw, $0) } ?? 0
    }

    /// Integer or pointer result at `leave`. Setting it changes what the caller sees.
    public var result: UInt64 {
        get { graft_hit_result(raw) }
        nonmutating set { graft_hit_set_result(raw, newValue) }
    }

    /// Floating result at `leave`.
    public var floatResult: Double { graft_hit_float_result(raw) }

    /// Changes integer argument `index`, 0 to 5, before the function runs. Other indices are left alone.
    public func setArgument(_ index: Int, to value: UInt64) {
        let registers = raw.pointee.registers!
        switch index {
        case 0: registers.pointee.rdi = value
        case 1: registers.pointee.rsi = value
        case 2: registers.pointee.rdx = value
        case 3: registers.pointee.rcx = value
        case 4: registers.pointee.r8 = value
        case 5: registers.pointee.r9 = value
        default: return
        }
    }

    /// `self` of a Swift method at `enter`, as the address or the word that is passed for it.
    public var swiftSelf: UInt64 { raw.pointee.registers.pointee.r13 }

    /// The error that a Swift function throws, at `leave`, as the address of its box; 0 when it throws none, or cannot.
    public var swiftError: UInt64 { graft_hit_error(raw) }
}
