// LiveProductTests: the product over the real core and this machine's package database, in processes of their own.

import Foundation
import Graft
import GraftConfig
import GraftSCA
import Testing

/// A function of the test process, with a linker name of its own.
@_silgen_name("victim_priced") @inline(never) @_optimize(none)
func victimPriced(_ a: Int) -> Int { a &* 3 &+ 1 }

/// Calls the victim, so that the first caller is known.
@_silgen_name("victim_shop") @inline(never) @_optimize(none)
func victimShop(_ a: Int) -> Int {
    let price = victimPriced(a)
    return price &+ 1
}

@Suite("The product, live")
struct LiveProductTests {
    @Test("instruments, detects, takes itself out, follows updates and restores")
    func life() async {
        await #expect(processExitsWith: .success) {
            let product = SCAProduct(gate: Gate(environment: GateTests.on))
            put(product, 1, #"[{"id": "GHSA-1", "targets": [":victim_priced", "libno.so:late"]}]"#)
            #expect(state(product, ":victim_priced") == .installed)
            #expect(state(product, "libno.so:late") == .pending)
            for index in 0..<10 { #expect(victimShop(index) == index * 3 + 2) }
            product.poll()
            let target = try #require(product.status().targets.first { $0.target == ":victim_priced" })
            #expect(target.state == .disarmed)
            #expect(target.mode == .once)
            #expect(target.advisories == ["GHSA-1"])
            let entry = try #require(target.entryPoints.first)
            #expect(entry.symbol == "victim_priced")
            #expect(entry.hits >= 1)
            #expect(entry.firstCaller?.symbol == "victim_shop")
            #expect(product.detections().map(\.advisories) == [["GHSA-1"]])

            put(product, 2, #"{"targets": [{"target": ":victim_priced", "mode": "count"}]}"#)
            let before = try #require(counts(product))
            for index in 0..<1_000 { #expect(victimShop(index) == index * 3 + 2) }
            #expect(counts(product) == before + 1_000)
            put(product, 3, #"{"targets": [{"target": ":victim_priced", "mode": "entry", "max_per_second": 10}]}"#)
            for index in 0..<1_000 { #expect(victimShop(index) == index * 3 + 2) }
            let limited = try #require(product.status().targets.first { $0.target == ":victim_priced" })
            #expect(limited.entryPoints.first?.hits == 1_000)
            #expect(limited.leftOut <= 990 && limited.leftOut > 0)
            put(product, 4, #"{"targets": []}"#)
            #expect(state(product, ":victim_priced") == .removed)
            #expect(victimShop(1) == 5)
            product.stop()
        }
    }

    @Test(
        "judges the C library by its package",
        .enabled(if: FileManager.default.fileExists(atPath: "/var/lib/dpkg/status")))
    func affected() async {
        await #expect(processExitsWith: .success) {
            let product = SCAProduct(gate: Gate(environment: GateTests.on))
            put(
                product, 1,
                #"""
                [{"id": "OLD", "targets": ["libc.so.6:getppid"], "dependency_name": "glibc", "package_versions": ["<2.0"]},
                 {"id": "NEW", "targets": ["libc.so.6:getuid"], "dependency_name": "libc6", "package_versions": [">=2.0"]},
                 {"id": "NAME", "targets": ["libc.so.6:getgid"], "dependency_name": "openssl"}]
                """#)
            #expect(state(product, "libc.so.6:getppid") == .notAffected)
            #expect(state(product, "libc.so.6:getgid") == .notAffected)
            #expect(state(product, "libc.so.6:getuid") == .installed)
            _ = getuid()
            _ = getppid()
            product.poll()
            let detections = product.detections()
            #expect(detections.map(\.target) == ["libc.so.6:getuid"])
            #expect(detections.first?.package?.name == "libc6")
            #expect(detections.first?.package?.source == "glibc")
            product.stop()
        }
    }

    @Test("bears 2,000 targets, most of which match nothing, and forgets them again")
    func many() async {
        await #expect(processExitsWith: .success) {
            let product = SCAProduct(gate: Gate(environment: GateTests.on))
            let list = (0..<2_000).map { "\"libno\($0).so:f\"" }.joined(separator: ",")
            put(product, 1, "[\":victim_priced\", \(list)]")
            #expect(product.status().targets.count == 2_001)
            #expect(victimShop(1) == 5)
            put(product, 2, "[]")
            #expect(product.status().counters.first { $0.name == "active" }?.value ?? 9 <= 1)
            product.stop()
        }
    }
}

/// Puts a payload.
private func put(_ product: SCAProduct, _ sequence: UInt64, _ text: String) {
    let update = ConfigUpdate(path: "/p", version: sequence, sequence: sequence, content: .payload(Array(text.utf8)))
    let answer = product.apply(update)
    #expect(answer.state == .applied)
}

/// The state of a target.
private func state(_ product: SCAProduct, _ text: String) -> Report.State? {
    product.status().targets.first { $0.target == text }?.state
}

/// The calls of `victim_priced` that were seen.
private func counts(_ product: SCAProduct) -> UInt64? {
    product.status().targets.first { $0.target == ":victim_priced" }?.entryPoints.first?.hits
}
