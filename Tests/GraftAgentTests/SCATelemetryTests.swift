// SCATelemetryTests: the product's report and detections as telemetry's facts.

import Graft
import GraftConfig
import GraftProducts
import GraftSCA
import GraftTelemetry
import Testing

@testable import GraftAgent

@Suite("The SCA product's telemetry")
struct SCATelemetryTests {
    /// An open gate's variables.
    private let on = ["DD_SCA_DETECTION_ENABLED": "1", "DD_APPSEC_ENABLED": "true", "DD_APPSEC_SCA_ENABLED": "1"]
    /// A package.
    private let libpq = Package(name: "libpq5", version: "15.6-0+deb12u1", source: "postgresql-15")

    /// A target with one function.
    private func target(
        _ text: String, _ advisories: [String] = [], package: Package? = nil, state: Report.State = .installed,
        hits: UInt64 = 0
    ) -> Report.Target {
        Report.Target(
            target: text, state: state, advisories: advisories,
            entryPoints: [
                Report.EntryPoint(
                    image: "/lib/libpq.so.5", offset: 16, symbol: "PQexec", state: state, hits: hits, package: package)
            ])
    }

    /// A reached function.
    private func detection(_ advisories: [String], _ caller: Symbol?, _ package: Package?) -> Detection {
        Detection(
            target: "libpq.so.5:PQexec", entry: EntryPoint(offset: 16, image: "/lib/libpq.so.5", symbol: "PQexec"),
            package: package, advisories: advisories, firstCaller: caller, count: 1)
    }

    /// The packages of a report and detections.
    private func dependencies(_ targets: [Report.Target], _ detections: [Detection]) -> [TelemetryDependency] {
        let report = Report(gate: Gate(environment: on), targets: targets)
        return SCATelemetry.facts(report: report, detections: detections, environment: on, version: "1").dependencies
    }

    /// A metric's value in a report.
    private func metric(_ report: Report, _ name: String, _ tags: [String] = []) -> TelemetryMetric.Value? {
        SCATelemetry.facts(report: report, detections: [], environment: on, version: "1").metrics
            .first { $0.name == name && $0.tags == tags }?.value
    }

    @Test("has the package of each named function, with its advisories before anybody calls it")
    func known() {
        let found = dependencies(
            [
                target("libpq.so.5:PQexec", ["GHSA-2", "GHSA-1"], package: libpq),
                target("libpq.so.5:PQexecParams", ["GHSA-2"], package: libpq),
                target("libz.so:inflate", ["GHSA-3"]),
                target("libpq.so.5:PQfinish", package: Package(name: "other", version: "1")),
            ], [])
        #expect(
            found == [
                TelemetryDependency(
                    name: "libpq5", version: "15.6-0+deb12u1", advisories: [.init(id: "GHSA-1"), .init(id: "GHSA-2")])
            ])
    }

    @Test("says who reached an advisory, by file and line where there is one")
    func reached() {
        let caller = Symbol(image: "/opt/shop", symbol: "checkout", offset: 12, file: "shop.c", line: 7)
        let found = dependencies(
            [target("libpq.so.5:PQexec", ["GHSA-1", "GHSA-2"], package: libpq, hits: 1)],
            [detection(["GHSA-1"], caller, libpq)])
        #expect(
            found.first?.advisories == [
                .init(id: "GHSA-1", reached: .init(path: "shop.c", symbol: "checkout", line: 7)), .init(id: "GHSA-2"),
            ])
    }

    @Test(
        "falls back to the image, to the place in it, and to the function itself, with line 0",
        arguments: [
            (
                Optional(Symbol(image: "/opt/shop", symbol: "checkout", offset: 12)),
                TelemetryDependency.Reached(path: "/opt/shop", symbol: "checkout", line: 0)
            ),
            (
                Optional(Symbol(image: "/opt/shop", symbol: "", offset: 0x1F)),
                .init(path: "/opt/shop", symbol: "+0x1f", line: 0)
            ),
            (nil as Symbol?, .init(path: "/lib/libpq.so.5", symbol: "PQexec", line: 0)),
        ])
    func fallbacks(caller: Symbol?, place: TelemetryDependency.Reached) {
        #expect(
            dependencies([], [detection(["GHSA-1"], caller, libpq)]).first?.advisories == [
                .init(id: "GHSA-1", reached: place)
            ])
    }

    @Test("tells of a reached function whose target is gone, and of none whose package is unknown")
    func gone() {
        #expect(dependencies([], [detection(["GHSA-1"], nil, libpq)]).map(\.name) == ["libpq5"])
        #expect(dependencies([], [detection(["GHSA-1"], nil, nil)]) == [])
    }

    @Test("counts targets by what they are now")
    func gauges() {
        let report = Report(
            gate: Gate(environment: on),
            targets: [
                target("a:a", state: .installed), target("a:b", state: .disarmed), target("a:c", state: .pending),
                target("a:d", state: .refused), target("a:e", state: .removed), target("a:f", state: .notAffected),
            ])
        #expect(metric(report, "sca.enabled") == .gauge(1))
        #expect(metric(report, "sca.targets_total") == .gauge(4))
        #expect(metric(report, "sca.targets_instrumented") == .gauge(2))
        #expect(metric(report, "sca.pending_targets") == .gauge(1))
    }

    @Test("gives the counters' totals, refusals by reason and calls by target")
    func counts() {
        var report = Report(gate: Gate(environment: [:]), targets: [target("a:a", ["X"], hits: 3)])
        let names = ["installed", "payloads_refused", "payloads_partial", "removals_failed", "starts_failed"]
        report.counters = names.enumerated().map { Report.Counter(name: $1, value: UInt64($0 + 1)) }
        report.refusedBy = [Report.Counter(name: "denied", value: 9)]
        #expect(metric(report, "sca.enabled") == .gauge(0))
        #expect(metric(report, "sca.instrumentations") == .count(total: 1))
        #expect(metric(report, "sca.payload_errors") == .count(total: 2))
        #expect(metric(report, "sca.processing_failures") == .count(total: 3))
        #expect(metric(report, "sca.removal_failures") == .count(total: 4))
        #expect(metric(report, "sca.startup_failures") == .count(total: 5))
        #expect(metric(report, "sca.instrumentation_failed", ["reason:denied"]) == .count(total: 9))
        #expect(metric(report, "sca.detections", ["target:a:a"]) == .count(total: 3))
    }

    @Test("gives the gate's variables with their origins, and the product with its error")
    func gate() {
        let environment = ["DD_SCA_DETECTION_ENABLED": "1", "DD_APPSEC_ENABLED": "off"]
        let report = Report(gate: Gate(environment: environment), error: "no core")
        let facts = SCATelemetry.facts(report: report, detections: [], environment: environment, version: "0.4.0")
        #expect(
            facts.configuration == [
                ConfigurationEntry(name: "DD_SCA_DETECTION_ENABLED", value: true, origin: .environment),
                ConfigurationEntry(name: "DD_APPSEC_ENABLED", value: false, origin: .environment),
                ConfigurationEntry(name: "DD_APPSEC_SCA_ENABLED", value: false, origin: .byDefault),
            ])
        #expect(
            facts.products == [TelemetryProduct(name: "sca", isEnabled: false, version: "0.4.0", error: "no core")])
    }
}
