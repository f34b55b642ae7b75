// checkInstrumenting: what everything that plays the role `Instrumenting` must do, as a test that any player can be
// given to.
//
// Owns the stage and the list of behaviours. It knows no particular player: a stage says how its functions are called.
// Violations are returned as sentences, so that it works with every test framework. Neighbour:
// InstrumentingCheck.swift has the behaviours themselves.

public import Graft

/// An instrumentation, and functions that it can instrument.
public struct InstrumentingStage {
    /// What is checked; it has no probe yet, and the check stops it.
    public var instrumentation: any Instrumenting
    /// Targets that name one function each, which can be instrumented in every mode. At least two.
    public var targets: [Target]
    /// A target that names nothing.
    public var absent: Target
    /// Calls the function of the target with this index, once.
    public var call: (_ index: Int) -> Void
    /// An address inside a function whose name is known.
    public var address: UInt64

    /// A stage of these parts.
    public init(
        instrumentation: any Instrumenting, targets: [Target], absent: Target, address: UInt64,
        call: @escaping (Int) -> Void
    ) {
        precondition(targets.count >= 2, "a stage needs two functions")
        self.instrumentation = instrumentation
        self.targets = targets
        self.absent = absent
        self.address = address
        self.call = call
    }
}

/// One part of the contract of `Instrumenting`.
public enum InstrumentingBehaviour: String, CaseIterable, Sendable {
    /// An installation is answered with a new probe, which the snapshot has.
    case installs = "installs what a target names"
    /// A target that names nothing is accepted and waits.
    case waits = "lets a target that names nothing wait"
    /// A removal is answered, and the probe is gone.
    case removes = "removes a probe, once"
    /// No probe ever has the number of another.
    case numbers = "never gives a number twice"
    /// One outcome for each change, in order, whatever becomes of the others.
    case answersInOrder = "answers each change, in order"
    /// What is not there is an error that says so, with the probe.
    case namesUnknownProbes = "names a probe that is not there"
    /// Calls are counted exactly, for as long as the probe is there.
    case counts = "counts each call"
    /// Each of two probes on one function sees its calls.
    case shares = "lets two probes share a function"
    /// Another mode is in force at once and forgets no call.
    case switchesModes = "switches modes"
    /// Mode once reports one call and can be armed again.
    case disarms = "disarms after one report, and arms again"
    /// The first caller is kept where it is asked for, and nowhere else.
    case keepsCallers = "keeps the first caller when asked to"
    /// The snapshot is in the order of installation, and its generation grows.
    case keepsOrder = "shows probes in the order of their installation"
    /// The counters agree with what was done.
    case keepsAccounts = "counts what it has done"
    /// Addresses are symbolised where something is known, and nowhere else.
    case symbolises = "symbolises what it knows"
    /// After the stop nothing is left and nothing is done.
    case stops = "stops, once, and does nothing after"
}

/// Checks a player of the role `Instrumenting` against one part of its contract; gives a sentence for each violation, none
/// for a good player.
///
/// ```swift
/// @Test(arguments: InstrumentingBehaviour.allCases)
/// func conforms(_ behaviour: InstrumentingBehaviour) throws {
///     #expect(try checkInstrumenting(behaviour, on: makeStage()) == [])
/// }
/// ```
///
/// - Parameters:
///   - behaviour: which part.
///   - stage: a new one for each behaviour.
public func checkInstrumenting(_ behaviour: InstrumentingBehaviour, on stage: InstrumentingStage) -> [String] {
    var check = InstrumentingCheck(stage: stage)
    do throws(GraftError) {
        try check.run(behaviour)
    } catch {
        check.violations.append("threw \(error)")
    }
    stage.instrumentation.stop()
    return check.violations
}
