// InstrumentingTests: the core and its recording play one role; each must keep the whole of its contract.

import Graft
import GraftTestKit
import Testing

/// Who plays the role.
enum Player: String, CaseIterable, Sendable {
    /// The core.
    case core = "Instrumentation"
    /// The fake for tests.
    case recording = "RecordingInstrumentation"

    /// A new stage for it.
    func makeStage() throws -> InstrumentingStage {
        switch self {
        case .core: try makeCore()
        case .recording: try makeRecording()
        }
    }

    /// Functions of this process.
    private func makeCore() throws -> InstrumentingStage {
        let core = try Instrumentation.start()
        let probe = core.apply([.install(ProbeRequest(target: try Target(":victim_add"), mode: .count))])[0].probe
        let address = try core.snapshot().probes.first { $0.probe == probe }?.entries.first?.entry.address
        _ = core.apply([.remove(try #require(probe))])
        return InstrumentingStage(
            instrumentation: core, targets: [try Target(":victim_add"), try Target(":victim_scale")],
            absent: try Target("libdoes-not-exist.so:f"), address: try #require(address)
        ) { index in
            if index == 0 { _ = victimAdd(1, 2, 3) } else { _ = victimScale(1, 2) }
        }
    }

    /// Functions that a script tells of.
    private func makeRecording() throws -> InstrumentingStage {
        let fake = RecordingInstrumentation()
        let targets = [try Target(":f"), try Target(":g")]
        for (index, target) in targets.enumerated() {
            fake.load(target.text, [EntryPoint(offset: UInt64(index), image: "/bin/app", symbol: "s\(index)")])
        }
        fake.symbol(Symbol(image: "/bin/app", symbol: "main", offset: 4), at: 0x4000)
        return InstrumentingStage(
            instrumentation: fake, targets: targets, absent: try Target("libdoes-not-exist.so:f"), address: 0x4000
        ) { fake.hit(targets[$0].text, from: 0x4000) }
    }
}

extension Live {
    @Suite("Whatever plays the role Instrumenting")
    struct InstrumentingTests {
        @Test("keeps its contract", arguments: Player.allCases, InstrumentingBehaviour.allCases)
        func conforms(_ player: Player, _ behaviour: InstrumentingBehaviour) throws {
            #expect(try checkInstrumenting(behaviour, on: player.makeStage()) == [])
        }
    }
}
