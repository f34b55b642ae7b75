// DetectionTests: what is recorded of a reached function, and how much.

import Graft
import GraftConfig
import GraftSCA
import GraftTestKit
import Testing

@Suite("A detection")
struct DetectionTests {
    /// A caller.
    private let caller = Symbol(image: "/opt/app/shop", symbol: "checkout", offset: 12, file: "shop.swift", line: 7)

    @Test("has the first caller, the count, the target and the advisories")
    func record() throws {
        let stage = Stage()
        stage.core.load("a.so:f", [Stage.entry("f")])
        stage.core.symbol(caller, at: 0x3FFF)
        stage.put(
            #"[{"id": "B", "targets": [{"target": "a.so:f", "mode": "count"}]}, {"id": "A", "targets": ["a.so:f"]}]"#)
        #expect(stage.product.detections() == [])
        stage.core.hit("a.so:f", count: 3, from: 0x4000)
        stage.core.hit("a.so:f", count: 2, from: 0x5000)
        let detection = try #require(stage.product.detections().first)
        #expect(
            detection
                == Detection(
                    target: "a.so:f", entry: Stage.entry("f"), advisories: ["A", "B"], firstCaller: caller, count: 5))
        #expect(stage.target("a.so:f")?.entryPoints.first?.firstCaller == caller)
        #expect(stage.target("a.so:f")?.advisories == ["A", "B"])
    }

    @Test("asks for the caller's place once")
    func symbolisedOnce() {
        let stage = Stage()
        stage.core.load("a.so:f", [Stage.entry("f")])
        stage.core.symbol(caller, at: 0x3FFF)
        stage.put(targets: ["a.so:f"])
        stage.core.hit("a.so:f", from: 0x4000)
        for _ in 0..<3 { _ = stage.product.status() }
        stage.product.poll()
        #expect(stage.core.symbolised == [0x3FFF])
    }

    @Test("outlives its probe, and goes on counting with the next one")
    func reinstalled() {
        let stage = Stage()
        stage.core.load("a.so:f", [Stage.entry("f")])
        stage.core.symbol(caller, at: 0x3FFF)
        stage.put(targets: ["a.so:f"])
        stage.core.hit("a.so:f", from: 0x4000)
        stage.remove()
        #expect(stage.product.detections().map(\.count) == [1])
        stage.put(targets: ["a.so:f"])
        #expect(stage.product.detections().map(\.count) == [1])
        stage.core.hit("a.so:f", from: 0x9000)
        #expect(stage.product.detections().map(\.count) == [2])
        #expect(stage.product.detections().map(\.firstCaller) == [caller])
    }

    @Test("is one for each function of a target")
    func functions() {
        let stage = Stage()
        stage.core.load("a.so:*", [Stage.entry("f"), Stage.entry("g", offset: 0x20)])
        stage.put(targets: ["a.so:*"])
        stage.core.hit("a.so:*", from: 0)
        #expect(stage.product.detections().map(\.entry.symbol) == ["f", "g"])
    }

    @Test("has the package of its image, once the owner has looked")
    func package() throws {
        let root = try FakeRoot()
        try root.writeDebian()
        let stage = Stage(world: World(root: root.path, images: { LoadedImages() }))
        stage.core.load("libpq.so.5:PQexec", [Stage.entry("PQexec", image: "/usr/lib/libpq.so.5.15")])
        stage.put(targets: ["libpq.so.5:PQexec"])
        stage.core.hit("libpq.so.5:PQexec", from: 0)
        #expect(stage.product.detections().map(\.package) == [nil])
        stage.product.poll()
        #expect(stage.product.detections().map(\.package?.name) == ["libpq5"])
        #expect(stage.target("libpq.so.5:PQexec")?.entryPoints.first?.package?.version == "15.6-0+deb12u1")
    }

    @Test("needs no call for the package of a function that an advisory names, when the report is to have it")
    func packageAhead() throws {
        let root = try FakeRoot()
        try root.writeDebian()
        let stage = Stage(world: World(root: root.path, images: { LoadedImages() }))
        for symbol in ["PQexec", "PQfinish"] {
            stage.core.load("libpq.so.5:\(symbol)", [Stage.entry(symbol, image: "/usr/lib/libpq.so.5.15")])
        }
        stage.core.load("redis:main", [Stage.entry("main", image: "/usr/bin/redis-server")])
        stage.put(#"[{"id": "A", "targets": ["libpq.so.5:PQexec"]}]"#)
        stage.put(targets: ["redis:main"], at: "/q")
        #expect(stage.product.status().targets.allSatisfy { $0.entryPoints.first?.package == nil })
        let targets = stage.product.status(readingPackages: true).targets
        #expect(targets.map { $0.entryPoints.first?.package?.name } == ["libpq5", nil])
    }

    @Test("names no package for an image whose file was upgraded after it had been loaded")
    func upgraded() throws {
        let root = try FakeRoot()
        try root.writeDebian()
        let path = "/usr/lib/libpq.so.5.15"
        let stage = Stage(
            world: World(root: root.path, images: { LoadedImages(paths: [path], replaced: [path]) }))
        stage.core.load("libpq.so.5:PQexec", [Stage.entry("PQexec", image: path)])
        stage.put(targets: ["libpq.so.5:PQexec"])
        stage.core.hit("libpq.so.5:PQexec", from: 0)
        stage.product.poll()
        #expect(stage.product.detections().map(\.package) == [nil])
    }
}

@Suite("The detection log")
struct DetectionLogTests {
    /// Takes in one hit.
    private func observe(_ log: inout DetectionLog, _ index: Int, hits: UInt64 = 1, advisories: [String] = []) {
        let entry = EntryPoint(offset: UInt64(index), image: "/a", symbol: "f\(index)")
        log.observe(
            target: "t", info: EntryInfo(entry: entry, state: .installed, hits: hits), advisories: advisories,
            caller: { _ in nil }, package: { _ in nil })
    }

    @Test("keeps nothing of a function that was not reached")
    func notReached() {
        var log = DetectionLog()
        observe(&log, 0, hits: 0)
        #expect(log.count == 0)
    }

    @Test("has a limit of records, and goes on with those it has")
    func recordLimit() {
        var log = DetectionLog()
        for index in 0..<DetectionLog.maximumRecords { observe(&log, index) }
        #expect(log.recordsDropped == 0)
        observe(&log, DetectionLog.maximumRecords)
        #expect(log.count == DetectionLog.maximumRecords)
        #expect(log.recordsDropped == 1)
        observe(&log, 0, hits: 9)
        #expect(log.detections.map(\.count).max() == 9)
        log.begin()
        #expect(log.recordsDropped == 0)
    }

    @Test("has a limit of advisories for one dependency")
    func advisoryLimit() {
        var log = DetectionLog()
        let limit = DetectionLog.maximumAdvisories
        let ids = (0..<limit).map { "A\(1_000 + $0)" }
        observe(&log, 0, advisories: ids)
        #expect(log.detections.first?.advisories == ids)
        observe(&log, 1, advisories: [ids[0], "B"])
        observe(&log, 1, advisories: [ids[0], "B"])
        #expect(log.detections.last?.advisories == [ids[0]])
        #expect(log.advisoriesDropped == 1)
    }
}
