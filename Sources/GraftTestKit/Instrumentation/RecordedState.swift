// RecordedState.swift: the probes of RecordingInstrumentation, and the rules of their states.
//
// Owns what a change does to a fake probe. A value; the fake changes it under its lock. Neighbour: RecordedScript.swift.

internal import Graft

/// The state of a fake instrumentation.
struct RecordedState {
    /// A probe of the fake.
    struct Installed {
        /// What the snapshot says of it.
        var info: ProbeInfo
        /// Its handler is not called; it is kept as the core keeps it.
        var request: ProbeRequest
    }

    /// What the test has said.
    var script = RecordedScript()
    /// The probes, by number.
    var probes: [UInt64: Installed] = [:]
    /// The last number that was given.
    var lastProbe: UInt64 = 0
    /// Batches that were carried out.
    var batches: [[RecordingInstrumentation.Request]] = []
    /// Snapshots that were taken.
    var snapshots = 0
    /// Addresses that were symbolised.
    var symbolised: [UInt64] = []
    /// Calls of `stop`.
    var stops = 0
    /// The counters.
    var counters = Counters()
}

extension RecordedState {
    /// The record of a change.
    func request(_ change: Change) -> RecordingInstrumentation.Request {
        let text = { (probe: Probe) in self.probes[probe.id]?.info.target ?? "probe \(probe.id)" }
        return switch change {
        case .install(let request): .install(request.target.text, request.mode, request.options)
        case .remove(let probe): .remove(text(probe))
        case .setMode(let probe, let mode): .setMode(text(probe), mode)
        }
    }

    /// Carries out one change; none after the stop.
    mutating func carryOut(_ change: Change) -> Outcome {
        guard stops == 0 else { return .scripted(.notStarted, change.subject) }
        return switch change {
        case .install(let request): install(request)
        case .remove(let probe): remove(probe)
        case .setMode(let probe, let mode): setMode(probe, mode)
        }
    }

    /// Hits every function of a target that is instrumented now.
    mutating func hit(_ target: String, count: UInt64, from address: UInt64) {
        for (number, probe) in probes where probe.info.target == target {
            let info = Self.hit(probe, count: count, from: address)
            counters.hits += info.hits - probe.info.hits
            probes[number]?.info = info
        }
    }

    /// Counts functions that were patched.
    mutating func count(_ installed: Int) {
        counters.installed += UInt64(installed)
        counters.active += UInt64(installed)
    }

    /// Installs a probe, unless the script refuses.
    private mutating func install(_ request: ProbeRequest) -> Outcome {
        if let code = script.refusals[request.target.text] { return .scripted(code) }
        lastProbe += 1
        let probe = Probe(id: lastProbe)
        var blank = ProbeInfo(probe: probe, target: request.target.text, mode: request.mode, state: .pending)
        blank.sampleEvery = max(1, request.sampleEvery)
        blank.maximumPerSecond = request.maximumPerSecond
        blank.maximumHandlerNanoseconds = request.maximumHandlerNanoseconds
        let info = Self.resolve(blank, script)
        probes[probe.id] = Installed(info: info, request: request)
        let installed = info.entries.count { $0.state == .installed }
        count(installed)
        return Outcome(
            probe: probe, state: info.state, installed: installed, refused: info.entries.count - installed)
    }

    /// Removes a probe, unless the script keeps it.
    private mutating func remove(_ probe: Probe) -> Outcome {
        guard let info = probes[probe.id]?.info else { return .scripted(.noSuchProbe, probe) }
        if let code = script.removalFailures[info.target] { return .scripted(code, probe) }
        probes[probe.id] = nil
        let restored = info.entries.count { $0.state == .installed }
        counters.removed += UInt64(restored)
        counters.active -= UInt64(restored)
        return Outcome(probe: probe, state: .removed, installed: restored)
    }

    /// Switches a probe's mode, which arms it again, unless the script fails that.
    private mutating func setMode(_ probe: Probe, _ mode: Mode) -> Outcome {
        guard var info = probes[probe.id]?.info else { return .scripted(.noSuchProbe, probe) }
        if let code = script.modeFailures[info.target] { return .scripted(code, probe) }
        info.mode = mode
        let asleep: Set<ProbeState> = [.disarmed, .tripped]
        for index in info.entries.indices where asleep.contains(info.entries[index].state) {
            info.entries[index].state = .installed
        }
        if asleep.contains(info.state) { info.state = .installed }
        probes[probe.id]?.info = info
        return Outcome(probe: probe, state: info.state, installed: info.entries.count { $0.state == .installed })
    }
}

extension RecordedState {
    /// Gives a probe the functions that the script knows for its target.
    static func resolve(_ info: ProbeInfo, _ script: RecordedScript) -> ProbeInfo {
        var info = info
        let refusal = script.entryRefusals[info.target]
        info.entries = (script.entries[info.target] ?? []).map {
            EntryInfo(entry: $0, state: refusal == nil ? .installed : .refused, reason: refusal)
        }
        info.reason = info.entries.isEmpty ? nil : refusal
        info.state = info.entries.isEmpty ? .pending : refusal == nil ? .installed : .refused
        return info
    }

    /// What a probe's information is after a hit.
    static func hit(_ probe: Installed, count: UInt64, from address: UInt64) -> ProbeInfo {
        var info = probe.info
        let isOnce = info.mode == .once
        for index in info.entries.indices where info.entries[index].state == .installed {
            info.entries[index].hits += isOnce ? 1 : count
            if isOnce { info.entries[index].state = .disarmed }
            let keeps = probe.request.options.contains(.caller) && info.entries[index].frames.isEmpty
            if keeps && address != 0 { info.entries[index].frames = [address] }
        }
        if isOnce && info.state == .installed { info.state = .disarmed }
        info.hits = info.entries.reduce(0) { $0 + $1.hits }
        return info
    }
}

extension Change {
    /// The probe that it is about; nil for an installation.
    fileprivate var subject: Probe? {
        switch self {
        case .install: nil
        case .remove(let probe), .setMode(let probe, _): probe
        }
    }
}

extension Outcome {
    /// A failure that the script asks for, or that the state demands.
    fileprivate static func scripted(_ code: GraftError.Code, _ probe: Probe? = nil) -> Outcome {
        let place = probe.map { GraftError.Place.probe($0) }
        return Outcome(
            probe: probe, error: GraftError(code: code, message: "scripted", place: place), state: .unknown)
    }
}
