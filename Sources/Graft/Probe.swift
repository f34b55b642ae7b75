// Probe.swift: a wish for instrumentation, and the name of one that was granted.
//
// Owns two values and no behaviour. Neighbours: Change.swift carries them to the core, Handler.swift holds the closure.

/// What a handler is: called on the thread that called the function, between its caller and the function.
///
/// It may allocate, lock and submit updates, but not wait for them, and what it costs is paid by the instrumented
/// program at each call. Calls that it makes to instrumented functions are not reported.
public typealias Handler = @Sendable (_ hit: borrowing Hit) -> Void

/// Identifies an installed probe for the life of the process; never reused.
public struct Probe: Hashable, Sendable {
    /// The number, as the C interface and the reports use it; 0 is no probe.
    public let id: UInt64

    /// A probe with this number.
    public init(id: UInt64) { self.id = id }
}

/// A wish: which functions, and what to do when they are called.
///
/// ```swift
/// let request = ProbeRequest(target: try Target("libc.so.6:getpid"), mode: .entry) { hit in
///     calls.add(1, ordering: .relaxed)
/// }
/// ```
public struct ProbeRequest: Sendable {
    /// Which functions.
    public var target: Target
    /// What to do when they are called.
    public var mode: Mode
    /// What to record beside the count.
    public var options: ProbeOptions
    /// Called at each phase that the mode reports. It is retained at installation and released after the removal's
    /// outcome, never on the way of a hit.
    public var handler: Handler?
    /// Mode `around`: what is called in the place of the function.
    public var around: Around?
    /// In the modes `entry` and `entryExit`, the handler is told of one call in so many; 0 and 1: of each. All are counted.
    /// What is left out costs little more than a count where no other probe is on the function.
    public var sampleEvery: UInt32
    /// In the same modes, of how many calls in a second the handler is told at most, all threads and functions together; 0:
    /// of any number. The rest of the second is left out: counted, at the cost of a call that sampling leaves out. The
    /// next one begins with a call that finds it over and used up, so any one second may see twice as many.
    public var maximumPerSecond: UInt32
    /// In the same modes, how long one call of the handler may take on average; 0: any time. If it takes longer, or does
    /// not return within a second, the probe is ``ProbeState/tripped``: taken out of its functions, until its mode is set
    /// again, which may be the same. A single call that is interrupted does not trip it.
    public var maximumHandlerNanoseconds: UInt32

    /// A wish with these parts.
    public init(
        target: Target, mode: Mode, options: ProbeOptions = [], sampleEvery: UInt32 = 1, maximumPerSecond: UInt32 = 0,
        maximumHandlerNanoseconds: UInt32 = 0, handler: Handler? = nil
    ) {
        self.target = target
        self.mode = mode
        self.options = options
        self.sampleEvery = sampleEvery
        self.maximumPerSecond = maximumPerSecond
        self.maximumHandlerNanoseconds = maximumHandlerNanoseconds
        self.handler = handler
    }
}
