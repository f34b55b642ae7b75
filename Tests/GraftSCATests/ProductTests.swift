// ProductTests: the product's life, over an instrumentation that records.

import Graft
import GraftConfig
import GraftSCA
import GraftTestKit
import Testing

/// A product over a fake core, with what a test needs to drive it.
final class Stage {
    /// The fake core.
    let core = RecordingInstrumentation()
    /// The product.
    let product: SCAProduct
    /// How often the core was started.
    let starts = Counter()
    /// The sequence of the last update.
    private var sequence: UInt64 = 0

    /// A product with an open gate, and a machine without packages, unless the test has others.
    init(
        gate: Gate = Gate(environment: GateTests.on),
        world: World = World(root: "/nowhere", images: { LoadedImages() }),
        failing: @escaping @Sendable () -> GraftError? = { nil }
    ) {
        product = SCAProduct(gate: gate, world: world) { [core, starts] () throws(GraftError) in
            starts.add()
            if let error = failing() { throw error }
            return core
        }
    }

    /// Puts a payload at a path.
    @discardableResult
    func put(_ text: String, at path: String = "/p", snapshot: Bool = false) -> SCAProduct.Acknowledgement {
        send(.payload(Array(text.utf8)), path, snapshot)
    }

    /// Puts plain targets at a path.
    @discardableResult
    func put(targets: [String], at path: String = "/p", snapshot: Bool = false) -> SCAProduct.Acknowledgement {
        let list = targets.map { "\"\($0)\"" }.joined(separator: ",")
        return put(#"{"targets": [\#(list)]}"#, at: path, snapshot: snapshot)
    }

    /// Takes the payload away from a path.
    @discardableResult
    func remove(_ path: String = "/p", snapshot: Bool = false) -> SCAProduct.Acknowledgement {
        send(.removed, path, snapshot)
    }

    /// Sends an update; its version is its sequence.
    private func send(
        _ content: ConfigUpdate.Content, _ path: String, _ snapshot: Bool
    ) -> SCAProduct.Acknowledgement {
        sequence += 1
        return product.apply(
            ConfigUpdate(path: path, version: sequence, sequence: sequence, isSnapshot: snapshot, content: content))
    }

    /// The report on a target.
    func target(_ text: String) -> Report.Target? { product.status().targets.first { $0.target == text } }

    /// A counter of the report.
    func counter(_ name: String) -> UInt64? { product.status().counters.first { $0.name == name }?.value }

    /// A function of a made-up image.
    static func entry(_ symbol: String, image: String = "/usr/lib/liba.so", offset: UInt64 = 0x10) -> EntryPoint {
        EntryPoint(address: 0x7000 + offset, offset: offset, image: image, buildID: "ab", symbol: symbol)
    }
}

@Suite("The product")
struct ProductTests {
    @Test("does nothing at all while the gate is closed, and says why")
    func gateClosed() {
        let stage = Stage(gate: Gate(environment: ["DD_SCA_DETECTION_ENABLED": "1"]))
        let answer = stage.put("not even JSON")
        #expect(answer.state == .ignored)
        #expect(answer.errors.first?.message.contains("DD_APPSEC_ENABLED is not set") == true)
        stage.product.poll()
        let report = stage.product.status()
        #expect(stage.starts.value == 0)
        #expect(stage.core.batches.isEmpty && stage.core.snapshots == 0)
        #expect(report.gate.isOpen == false)
        #expect(report.configurations.map(\.state) == [.ignored])
        #expect(report.targets == [])
        stage.remove()
        #expect(stage.product.status().configurations == [])
    }

    @Test("does not start the core before a target is to be installed")
    func lazy() {
        let stage = Stage()
        stage.put(targets: [])
        stage.remove()
        stage.product.poll()
        _ = stage.product.status()
        #expect(stage.starts.value == 0)
        stage.put(targets: ["a.so:f"])
        stage.put(targets: ["a.so:g"])
        #expect(stage.starts.value == 1)
    }

    @Test("installs what is added and removes what is gone, once each")
    func difference() {
        let stage = Stage()
        let answer = stage.put(targets: ["a.so:f", "a.so:g"])
        #expect(answer == .init(path: "/p", version: 1, state: .applied, errors: []))
        stage.put(targets: ["a.so:g", "a.so:h"])
        stage.put(targets: ["a.so:h", "a.so:g"])
        stage.remove()
        #expect(
            stage.core.batches == [
                [.install("a.so:f", .once, .caller), .install("a.so:g", .once, .caller)],
                [.remove("a.so:f"), .install("a.so:h", .once, .caller)],
                [.remove("a.so:g"), .remove("a.so:h")],
            ])
        #expect(stage.core.targets == [])
        #expect(stage.product.status().configurations == [])
        #expect(stage.counter("payloads_applied") == 4)
    }

    @Test("keeps a target that another configuration owns")
    func ownership() {
        let stage = Stage()
        stage.put(targets: ["a.so:f"], at: "/one")
        stage.put(targets: ["a.so:f", "a.so:g"], at: "/two")
        stage.remove("/one")
        #expect(stage.core.targets == ["a.so:f", "a.so:g"])
        stage.remove("/two")
        #expect(stage.core.targets == [])
        #expect(stage.core.requests.count { $0 == .install("a.so:f", .once, .caller) } == 1)
    }

    @Test("switches a mode without installing anew")
    func modes() {
        let stage = Stage()
        stage.put(targets: ["a.so:f"], at: "/one")
        stage.put(#"[{"target": "a.so:f", "mode": "count"}]"#, at: "/two")
        stage.remove("/two")
        #expect(
            stage.core.requests == [
                .install("a.so:f", .once, .caller), .setMode("a.so:f", .count), .setMode("a.so:f", .once),
            ])
    }

    @Test("installs a target anew when another share of its calls is wanted, once")
    func shares() throws {
        let stage = Stage()
        let payload = { (most: Int) in
            #"[{"target": "a.so:f", "mode": "entry", "sample_every": 10, "max_per_second": \#(most)}]"#
        }
        stage.core.load("a.so:f", [Stage.entry("f")])
        stage.put(payload(100))
        stage.put(payload(100))
        stage.core.hit("a.so:f", count: 7, from: 0x4000)
        #expect(stage.core.batches == [[.install("a.so:f", .entry, .caller)]])
        let target = try #require(stage.target("a.so:f"))
        #expect(target.sampleEvery == 10 && target.maximumPerSecond == 100)
        stage.put(payload(200))
        #expect(stage.core.batches.last == [.remove("a.so:f"), .install("a.so:f", .entry, .caller)])
        #expect(stage.product.status().targets.map(\.maximumPerSecond) == [200])
        #expect(stage.product.status().targets.map(\.state) == [.installed])
        stage.core.hit("a.so:f", count: 1, from: 0x4000)
        stage.product.poll()
        #expect(stage.product.detections().map(\.count) == [8])
    }

    @Test("moves a target with another share from one configuration to another")
    func movedShare() {
        let stage = Stage()
        let payload = { (most: Int) in #"[{"target": "a.so:f", "mode": "entry", "max_per_second": \#(most)}]"# }
        stage.put(payload(200), at: "/one")
        stage.put(payload(200), at: "/two")
        stage.put(payload(100), at: "/three", snapshot: true)
        #expect(stage.core.batches.last == [.remove("a.so:f"), .install("a.so:f", .entry, .caller)])
        #expect(stage.core.targets == ["a.so:f"])
    }

    @Test("keeps the version in force when a payload cannot be used")
    func lastGood() throws {
        let stage = Stage()
        stage.put(targets: ["a.so:f"])
        let answer = stage.put("{\"targets\": [\n}")
        #expect(answer.state == .refused)
        #expect(answer.version == 2)
        #expect(answer.errors.first?.place?.line == 2)
        #expect(answer.errors.first?.path == "/p")
        let configuration = try #require(stage.product.status().configurations.first)
        #expect(configuration.version == 1)
        #expect(configuration.state == .refused)
        #expect(configuration.errors == answer.errors)
        #expect(stage.core.targets == ["a.so:f"])
        #expect(stage.put(targets: ["a.so:f"]).state == .applied)
        #expect(stage.product.status().configurations.first?.errors == [])
        #expect(stage.core.requests.count == 1)
        #expect(stage.counter("payloads_refused") == 1)
    }

    @Test("applies the rest of a payload with a bad target, which the report shows")
    func partial() throws {
        let stage = Stage()
        let answer = stage.put(targets: ["a.so:f", "nocolon"])
        #expect(answer.state == .partial)
        #expect(stage.core.targets == ["a.so:f"])
        let target = try #require(stage.target("nocolon"))
        #expect(target.state == .refused)
        #expect(target.reason?.contains("$.targets[1]") == true)
        #expect(stage.counter("payloads_partial") == 1)
        stage.put(targets: ["a.so:f"])
        #expect(stage.target("nocolon") == nil)
    }

    @Test("lets a snapshot replace every other configuration, and keeps what moved")
    func snapshot() {
        let stage = Stage()
        stage.put(targets: ["a.so:f"], at: "/one")
        stage.put(targets: ["a.so:g"], at: "/two")
        stage.put(targets: ["a.so:f", "a.so:h"], at: "/three", snapshot: true)
        #expect(stage.core.batches.last == [.remove("a.so:g"), .install("a.so:h", .once, .caller)])
        #expect(stage.product.status().configurations.map(\.path) == ["/three"])
        stage.remove("/three", snapshot: true)
        #expect(stage.core.targets == [])
    }

    @Test("shows pending, installed, disarmed and refused targets")
    func states() throws {
        let stage = Stage()
        stage.core.load("a.so:f", [Stage.entry("f")])
        stage.core.load("a.so:short", [Stage.entry("short")])
        stage.core.refuseEntries(of: "a.so:short", .tooShort)
        stage.core.refuse("a.so:broad", .targetTooBroad)
        stage.put(targets: ["a.so:f", "a.so:late", "a.so:short", "a.so:broad"])
        #expect(stage.target("a.so:f")?.state == .installed)
        #expect(stage.target("a.so:late")?.state == .pending)
        let short = try #require(stage.target("a.so:short"))
        #expect(short.state == .refused && short.reason == "too-short")
        #expect(short.entryPoints.first?.state == .refused && short.entryPoints.first?.reason == "too-short")
        #expect(stage.target("a.so:broad")?.state == .refused)
        #expect(stage.target("a.so:broad")?.reason == "target-too-broad: scripted")
        stage.core.load("a.so:late", [Stage.entry("late")])
        stage.core.hit("a.so:f", from: 0)
        #expect(stage.target("a.so:late")?.state == .installed)
        #expect(stage.target("a.so:f")?.state == .disarmed)
        #expect(stage.target("a.so:f")?.entryPoints.first?.hits == 1)
    }

    @Test("remembers removed targets with what they had seen, until they are wanted again")
    func removed() throws {
        let stage = Stage()
        stage.core.load("a.so:f", [Stage.entry("f")])
        stage.put(#"[{"target": "a.so:f", "mode": "count"}]"#)
        stage.core.hit("a.so:f", count: 7, from: 0x4000)
        stage.remove()
        let target = try #require(stage.target("a.so:f"))
        #expect(target.state == .removed)
        #expect(target.reason == "no longer configured")
        #expect(target.mode == .count)
        #expect(target.entryPoints.map(\.state) == [.removed])
        #expect(target.entryPoints.map(\.hits) == [7])
        stage.put(targets: ["a.so:f"])
        #expect(stage.product.status().targets.map(\.state) == [.installed])
    }

    @Test("remembers a limited number of removed targets, the newest")
    func history() {
        let stage = Stage()
        let limit = ProductLimits.history
        stage.put(targets: (0..<limit).map { "a.so:f\($0)" })
        stage.remove()
        #expect(stage.product.status().targets.count == limit)
        #expect(stage.counter("targets_forgotten") == 0)
        stage.put(targets: ["a.so:one-more"])
        stage.remove()
        #expect(stage.product.status().targets.count == limit)
        #expect(stage.target("a.so:one-more")?.state == .removed)
        #expect(stage.target("a.so:f0") == nil)
        #expect(stage.counter("targets_forgotten") == 1)
    }

    @Test("has a limit of configurations")
    func pathLimit() {
        let stage = Stage()
        for index in 0..<ProductLimits.paths { stage.put(targets: [], at: "/\(index)") }
        #expect(stage.put(targets: [], at: "/0").state == .applied)
        let answer = stage.put(targets: ["a.so:f"], at: "/one-more")
        #expect(answer.state == .refused)
        #expect(answer.errors.first?.code == .limit)
        #expect(stage.product.status().configurations.count == ProductLimits.paths)
        #expect(stage.core.targets == [])
        stage.remove("/0")
        #expect(stage.put(targets: ["a.so:f"], at: "/one-more").state == .applied)
    }

    @Test("has a limit of targets over all configurations")
    func targetLimit() {
        let stage = Stage()
        let each = PayloadLimits.targets
        let whole = ProductLimits.targets / each
        for path in 0..<whole { stage.put(targets: (0..<each).map { "a.so:f\(path)_\($0)" }, at: "/\(path)") }
        let room = ProductLimits.targets - whole * each
        #expect(stage.put(targets: (0...room).map { "a.so:g\($0)" }, at: "/last").state == .refused)
        #expect(stage.put(targets: (0..<room).map { "a.so:g\($0)" }, at: "/last").state == .applied)
        #expect(stage.core.targets.count == ProductLimits.targets)
        #expect(stage.put(targets: ["a.so:g0"], at: "/more").state == .applied)
        #expect(stage.put(targets: ["a.so:h"], at: "/more").state == .refused)
    }

    @Test("removes everything when it stops, and ignores what comes later")
    func stop() {
        let stage = Stage()
        stage.core.load("a.so:f", [Stage.entry("f")])
        stage.put(targets: ["a.so:f"])
        stage.product.stop()
        stage.product.stop()
        #expect(stage.core.targets == [])
        #expect(stage.core.stops == 1)
        #expect(stage.put(targets: ["a.so:g"]).state == .ignored)
        #expect(stage.target("a.so:f")?.state == .removed)
        #expect(stage.counter("removed") == 1)
        #expect(stage.starts.value == 1)
    }
}

@Suite("The product, when the core refuses")
struct ProductFailureTests {
    @Test("tries to start the core again with the next update, and says why it could not")
    func start() {
        let fail = Flag(true)
        let stage = Stage(failing: { fail.value ? GraftError(code: .unsupported, message: "no ptrace") : nil })
        stage.put(targets: ["a.so:f"])
        #expect(stage.product.status().error == "unsupported: no ptrace")
        #expect(stage.target("a.so:f")?.state == .refused)
        #expect(stage.target("a.so:f")?.reason == "unsupported: no ptrace")
        #expect(stage.counter("starts_failed") == 1)
        fail.set(false)
        stage.put(targets: ["a.so:f", "a.so:g"])
        #expect(stage.product.status().error == nil)
        #expect(stage.core.targets == ["a.so:f", "a.so:g"])
        #expect(stage.target("a.so:f")?.state == .pending)
    }

    @Test("tries a refused installation again after one, two, four polls")
    func installation() {
        let stage = Stage()
        stage.core.refuse("a.so:f", .limitProbes)
        stage.put(targets: ["a.so:f"])
        for _ in 0..<7 { stage.product.poll() }
        #expect(stage.core.requests.count == 1 + 3)
        stage.core.refuse("a.so:f", nil)
        for _ in 0..<8 { stage.product.poll() }
        #expect(stage.core.targets == ["a.so:f"])
        #expect(stage.target("a.so:f")?.state == .pending)
        let count = stage.core.requests.count
        for _ in 0..<200 { stage.product.poll() }
        #expect(stage.core.requests.count == count)
    }

    @Test("forgets a refused installation that nobody wants any more")
    func abandoned() {
        let stage = Stage()
        stage.core.refuse("a.so:f", .limitProbes)
        stage.put(targets: ["a.so:f"])
        stage.remove()
        let count = stage.core.requests.count
        for _ in 0..<20 { stage.product.poll() }
        #expect(stage.core.requests.count == count)
        #expect(stage.target("a.so:f") == nil)
    }

    @Test("tries a removal again until the bytes are back, and shows the target until then")
    func removal() throws {
        let stage = Stage()
        stage.core.load("a.so:f", [Stage.entry("f")])
        stage.put(targets: ["a.so:f"])
        stage.core.keep("a.so:f", .unsafeThreads)
        stage.remove()
        #expect(stage.target("a.so:f")?.state == .installed)
        #expect(stage.target("a.so:f")?.reason == "removal: unsafe-threads")
        #expect(stage.counter("removals_failed") == 1)
        stage.core.keep("a.so:f", nil)
        stage.product.poll()
        #expect(stage.core.targets == [])
        #expect(stage.target("a.so:f")?.state == .removed)
        #expect(stage.target("a.so:f")?.reason == "no longer configured")
        #expect(stage.counter("removals_failed") == 1)
    }

    @Test("tries a mode change again, and shows the mode that is")
    func mode() {
        let stage = Stage()
        stage.put(targets: ["a.so:f"])
        stage.core.fixMode(of: "a.so:f", .unsafeThreads)
        stage.put(#"[{"target": "a.so:f", "mode": "count"}]"#)
        #expect(stage.target("a.so:f")?.mode == .once)
        #expect(stage.target("a.so:f")?.reason == "mode: unsafe-threads")
        stage.core.fixMode(of: "a.so:f", nil)
        stage.product.poll()
        #expect(stage.target("a.so:f")?.mode == .count)
        #expect(stage.target("a.so:f")?.reason == nil)
    }

    @Test("says when the core cannot tell, and goes on")
    func snapshot() {
        let stage = Stage()
        stage.core.load("a.so:f", [Stage.entry("f")])
        stage.put(targets: ["a.so:f"])
        stage.core.failSnapshots(GraftError(code: .noMemory, message: "scripted"))
        #expect(stage.product.status().error == "no-memory: scripted")
        stage.remove()
        #expect(stage.core.targets == [])
        stage.core.failSnapshots(nil)
        #expect(stage.product.status().error == nil)
        #expect(stage.target("a.so:f")?.state == .removed)
    }
}
