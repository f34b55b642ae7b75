// InstrumentingCheck.swift: the behaviours of the contract of `Instrumenting`, one function each.
//
// Owns one run of one behaviour. Everything is judged by answers and snapshots alone, since that is all a caller has.
// Counters are compared with what they were: another user of the process may have counted before. Neighbour:
// InstrumentingStage.swift.

internal import Graft

/// One run of one behaviour.
struct InstrumentingCheck {
    /// What is checked, and its functions.
    let stage: InstrumentingStage
    /// What was wrong.
    var violations: [String] = []

    /// Runs a behaviour.
    mutating func run(_ behaviour: InstrumentingBehaviour) throws(GraftError) {
        switch behaviour {
        case .installs: try installs()
        case .waits: try waits()
        case .removes: try removes()
        case .numbers: try numbers()
        case .answersInOrder: try answersInOrder()
        case .namesUnknownProbes: try namesUnknownProbes()
        case .counts: try counts()
        case .shares: try shares()
        case .switchesModes: try switchesModes()
        case .disarms: try disarms()
        case .keepsCallers: try keepsCallers()
        case .keepsOrder: try keepsOrder()
        case .keepsAccounts: try keepsAccounts()
        case .symbolises: symbolises()
        case .stops: try stops()
        }
    }

    /// Notes a violation unless `condition` holds.
    private mutating func expect(_ condition: Bool, _ message: String) {
        if !condition { violations.append(message) }
    }

    /// Notes a violation unless both are equal.
    private mutating func expect<Value: Equatable>(_ found: Value, is wanted: Value, _ what: String) {
        if found != wanted { violations.append("\(what): \(wanted) expected, not \(found)") }
    }

    /// Carries out one change.
    private mutating func apply(_ change: Change) throws(GraftError) -> Outcome {
        let outcomes = stage.instrumentation.apply([change])
        expect(outcomes.count, is: 1, "outcomes of one change")
        guard let outcome = outcomes.first else { throw GraftError(code: .notFound, message: "no outcome") }
        return outcome
    }

    /// Installs a probe, which must be accepted.
    private mutating func install(
        _ target: Target, _ mode: Mode = .count, _ options: ProbeOptions = []
    ) throws(GraftError) -> Probe {
        let outcome = try apply(.install(ProbeRequest(target: target, mode: mode, options: options)))
        if let error = outcome.error { throw error }
        guard let probe = outcome.probe else { throw GraftError(code: .noSuchProbe, message: "no probe given") }
        return probe
    }

    /// What the snapshot says of a probe; nil when it has none.
    private func info(_ probe: Probe) throws(GraftError) -> ProbeInfo? {
        try stage.instrumentation.snapshot().probes.first { $0.probe == probe }
    }
}

// MARK: Installations and removals

extension InstrumentingCheck {
    /// An installation is answered with a new probe, which the snapshot has.
    private mutating func installs() throws(GraftError) {
        for mode in [Mode.count, .entry, .entryExit, .once] {
            let outcome = try apply(.install(ProbeRequest(target: stage.targets[0], mode: mode)))
            expect(outcome.error, is: nil, "error of an installation")
            expect(outcome.state, is: .installed, "state of an installation")
            expect([outcome.installed, outcome.refused], is: [1, 0], "functions that were installed and refused")
            guard let probe = outcome.probe, let info = try info(probe) else {
                violations.append("a probe in mode \(mode) is not in the snapshot")
                continue
            }
            expect(info.target, is: stage.targets[0].text, "target in the snapshot")
            expect(info.mode, is: mode, "mode in the snapshot")
            expect(info.state, is: .installed, "state in the snapshot")
            expect(info.reason, is: nil, "reason in the snapshot")
            expect(info.hits, is: 0, "hits before a call")
            expect(info.entries.map(\.state), is: [.installed], "states of entry points")
            _ = try apply(.remove(probe))
        }
    }

    /// A target that names nothing is accepted and waits.
    private mutating func waits() throws(GraftError) {
        let before = try stage.instrumentation.snapshot().counters.pending
        let outcome = try apply(.install(ProbeRequest(target: stage.absent, mode: .count)))
        expect(outcome.error, is: nil, "error of an installation that waits")
        expect(outcome.state, is: .pending, "state of an installation that waits")
        expect([outcome.installed, outcome.refused], is: [0, 0], "functions that were installed and refused")
        guard let probe = outcome.probe else { return violations.append("an installation that waits has no probe") }
        expect(try info(probe)?.state, is: .pending, "state in the snapshot")
        expect(try info(probe)?.entries, is: [], "entry points in the snapshot")
        expect(try stage.instrumentation.snapshot().counters.pending, is: before + 1, "probes that wait")
        let removal = try apply(.remove(probe))
        expect(removal.error, is: nil, "error of a removal of what waited")
        expect(removal.state, is: .removed, "state of a removal of what waited")
        expect(removal.installed, is: 0, "functions that were restored")
        expect(try stage.instrumentation.snapshot().counters.pending, is: before, "probes that wait after the removal")
    }

    /// A removal is answered, and the probe is gone.
    private mutating func removes() throws(GraftError) {
        let probe = try install(stage.targets[0])
        let outcome = try apply(.remove(probe))
        expect(outcome.error, is: nil, "error of a removal")
        expect(outcome.probe, is: probe, "probe of a removal")
        expect(outcome.state, is: .removed, "state of a removal")
        expect(outcome.installed, is: 1, "functions that were restored")
        expect(try info(probe), is: nil, "a removed probe in the snapshot")
        expect(try apply(.remove(probe)).error?.code, is: .noSuchProbe, "error of a second removal")
    }

    /// No probe ever has the number of another.
    private mutating func numbers() throws(GraftError) {
        var seen: Set<Probe> = []
        for round in 0..<4 {
            let probes = [try install(stage.targets[0]), try install(stage.targets[1]), try install(stage.absent)]
            for probe in probes { expect(seen.insert(probe).inserted, "number \(probe.id) was given twice") }
            expect(!seen.contains(Probe(id: 0)), "number 0 is no probe")
            if round % 2 == 0 { _ = stage.instrumentation.apply(probes.map { .remove($0) }) }
        }
    }

    /// One outcome for each change, in order, whatever becomes of the others.
    private mutating func answersInOrder() throws(GraftError) {
        expect(stage.instrumentation.apply([]), is: [], "outcomes of no change")
        let old = try install(stage.targets[1])
        let nobody = Probe(id: .max)
        let outcomes = stage.instrumentation.apply([
            .install(ProbeRequest(target: stage.targets[0], mode: .count)),
            .remove(nobody),
            .install(ProbeRequest(target: stage.absent, mode: .count)),
            .setMode(nobody, .entry),
            .setMode(old, .entry),
            .remove(old),
        ])
        expect(
            outcomes.map(\.state), is: [.installed, .unknown, .pending, .unknown, .installed, .removed],
            "states in order")
        expect(
            outcomes.map { $0.error?.code }, is: [nil, .noSuchProbe, nil, .noSuchProbe, nil, nil], "errors in order")
        expect(outcomes.dropFirst(4).map(\.probe), is: [old, old], "probes of the last two")
    }

    /// What is not there is an error that says so, with the probe.
    private mutating func namesUnknownProbes() throws(GraftError) {
        let nobody = Probe(id: .max)
        for change in [Change.remove(nobody), .setMode(nobody, .count)] {
            let outcome = try apply(change)
            expect(outcome.probe, is: nobody, "probe of \(change)")
            expect(outcome.state, is: .unknown, "state of \(change)")
            expect(outcome.error?.code, is: .noSuchProbe, "error of \(change)")
            expect(outcome.error?.place, is: .probe(nobody), "place of the error of \(change)")
        }
    }
}

// MARK: Calls

extension InstrumentingCheck {
    /// Calls a function so many times.
    private func call(_ index: Int, times: Int) { for _ in 0..<times { stage.call(index) } }

    /// Calls are counted exactly, for as long as the probe is there.
    private mutating func counts() throws(GraftError) {
        call(0, times: 3)
        for mode in [Mode.count, .entry, .entryExit] {
            let (probe, other) = (try install(stage.targets[0], mode), try install(stage.targets[1], mode))
            call(0, times: 5)
            call(1, times: 2)
            expect(try info(probe)?.hits, is: 5, "hits in mode \(mode)")
            expect(try info(probe)?.entries.map(\.hits), is: [5], "hits of the entry point in mode \(mode)")
            expect(try info(other)?.hits, is: 2, "hits of the other function in mode \(mode)")
            _ = stage.instrumentation.apply([.remove(probe), .remove(other)])
            call(0, times: 7)
        }
        let late = try install(stage.targets[0])
        expect(try info(late)?.hits, is: 0, "hits of a new probe, after calls before it")
    }

    /// Each of two probes on one function sees its calls.
    private mutating func shares() throws(GraftError) {
        let first = try install(stage.targets[0])
        call(0, times: 1)
        let second = try install(stage.targets[0], .entry)
        call(0, times: 2)
        expect([try info(first)?.hits, try info(second)?.hits], is: [3, 2], "hits of two probes on one function")
        _ = try apply(.remove(first))
        call(0, times: 4)
        expect(try info(first), is: nil, "the removed one of two probes")
        expect(try info(second)?.hits, is: 6, "hits of the one that stays")
        expect(try info(second)?.state, is: .installed, "state of the one that stays")
    }

    /// Another mode is in force at once and forgets no call.
    private mutating func switchesModes() throws(GraftError) {
        let probe = try install(stage.targets[0])
        var hits: UInt64 = 0
        for mode in [Mode.entry, .entryExit, .count, .entry] {
            let outcome = try apply(.setMode(probe, mode))
            expect(outcome.error, is: nil, "error of a switch to \(mode)")
            expect(outcome.probe, is: probe, "probe of a switch to \(mode)")
            expect(outcome.state, is: .installed, "state of a switch to \(mode)")
            expect(outcome.installed, is: 1, "functions that are installed after a switch to \(mode)")
            expect(try info(probe)?.mode, is: mode, "mode in the snapshot")
            call(0, times: 2)
            hits += 2
            expect(try info(probe)?.hits, is: hits, "hits after a switch to \(mode)")
        }
    }

    /// Mode once reports one call and can be armed again.
    private mutating func disarms() throws(GraftError) {
        let probe = try install(stage.targets[0], .once)
        expect(try info(probe)?.state, is: .installed, "state before the first call")
        for round in 1...2 {
            call(0, times: 1)
            expect(try info(probe)?.state, is: .disarmed, "state after the first call")
            expect(try info(probe)?.hits, is: UInt64(round), "hits after the first call")
            let outcome = try apply(.setMode(probe, .once))
            expect(outcome.error, is: nil, "error of arming again")
            expect(outcome.state, is: .installed, "state after arming again")
        }
        call(0, times: 1)
        expect(try apply(.remove(probe)).state, is: .removed, "state of a removal of what was disarmed")
    }

    /// The first caller is kept where it is asked for, and nowhere else.
    private mutating func keepsCallers() throws(GraftError) {
        let (asked, silent) = (try install(stage.targets[0], .entry, .caller), try install(stage.targets[1], .entry))
        expect(try info(asked)?.entries.map(\.frames), is: [[]], "frames before a call")
        stage.call(0)
        stage.call(1)
        let first = try info(asked)?.entries.first?.frames ?? []
        expect(!first.isEmpty, "a first call left no caller")
        stage.call(0)
        expect(try info(asked)?.entries.first?.frames, is: first, "frames after a second call")
        expect(try info(silent)?.entries.map(\.frames), is: [[]], "frames of a probe that was not to keep any")
    }
}

// MARK: The whole

extension InstrumentingCheck {
    /// The snapshot is in the order of installation, and its generation grows.
    private mutating func keepsOrder() throws(GraftError) {
        let probes = [try install(stage.targets[1]), try install(stage.absent), try install(stage.targets[0])]
        let before = try stage.instrumentation.snapshot()
        expect(before.probes.map(\.probe).filter(probes.contains), is: probes, "order of the snapshot")
        expect(try stage.instrumentation.snapshot().generation, is: before.generation, "generation after no change")
        _ = try apply(.remove(probes[0]))
        let after = try stage.instrumentation.snapshot()
        expect(after.generation > before.generation, "the generation stayed \(after.generation) over a removal")
        expect(after.probes.map(\.probe).filter(probes.contains), is: Array(probes[1...]), "order after a removal")
    }

    /// The counters agree with what was done.
    private mutating func keepsAccounts() throws(GraftError) {
        let before = try stage.instrumentation.snapshot().counters
        let (first, second) = (try install(stage.targets[0]), try install(stage.targets[1]))
        call(0, times: 3)
        call(1, times: 4)
        _ = try apply(.remove(first))
        let between = try stage.instrumentation.snapshot().counters
        expect(between.installed - before.installed, is: 2, "functions counted as installed")
        expect(between.removed - before.removed, is: 1, "functions counted as removed")
        expect(between.active - before.active, is: 1, "functions counted as active")
        expect(between.hits - before.hits, is: 7, "hits counted, those of a removed probe too")
        _ = try apply(.remove(second))
        let after = try stage.instrumentation.snapshot().counters
        expect(after.active, is: before.active, "functions counted as active at the end")
        expect(after.hits - before.hits, is: 7, "hits counted at the end")
    }

    /// Addresses are symbolised where something is known, and nowhere else.
    private mutating func symbolises() {
        expect(stage.instrumentation.symbolise(16), is: nil, "symbol at address 16")
        guard let symbol = stage.instrumentation.symbolise(stage.address) else {
            return violations.append("no symbol at \(stage.address)")
        }
        expect(
            !symbol.image.isEmpty && !symbol.symbol.isEmpty, "the symbol at \(stage.address) has no names: \(symbol)")
    }

    /// After the stop nothing is left and nothing is done.
    private mutating func stops() throws(GraftError) {
        let probe = try install(stage.targets[0])
        stage.instrumentation.stop()
        stage.instrumentation.stop()
        let changes: [Change] = [
            .install(ProbeRequest(target: stage.targets[0], mode: .count)), .remove(probe), .setMode(probe, .entry),
        ]
        let outcomes = stage.instrumentation.apply(changes)
        expect(outcomes.map { $0.error?.code }, is: [.notStarted, .notStarted, .notStarted], "errors after the stop")
        expect(outcomes.map(\.state), is: [.unknown, .unknown, .unknown], "states after the stop")
        expect(outcomes.map(\.probe), is: [nil, probe, probe], "probes after the stop")
        stage.call(0)
    }
}
