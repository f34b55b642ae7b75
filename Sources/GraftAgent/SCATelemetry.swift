// SCATelemetry.swift: what the product knows, in telemetry's words.
//
// Owns a pure mapping: from the product's report and its detections to packages, metrics, products and settings. It keeps
// nothing and asks nobody; what was told before is TelemetryState's business. Neighbours: GraftSCA's Report.swift and
// Detection.swift are what comes in, GraftTelemetry's TelemetryFacts what goes out.

internal import GraftProducts
package import GraftSCA
package import GraftTelemetry
private import Graft
private import GraftConfig

/// The SCA product's facts.
package enum SCATelemetry {
    /// Everything that there is to tell now.
    ///
    /// A function whose image's package is not known is told of in metrics only: without a package there is nothing that
    /// an advisory could be about. The report should come from `status(readingPackages: true)`, which looks them up.
    ///
    /// - Parameters:
    ///   - report: the product's report.
    ///   - detections: the functions that were reached; they outlive their targets.
    ///   - environment: the variables of the gate, as they are set.
    ///   - version: this library's version.
    package static func facts(
        report: Report, detections: [Detection], environment: [String: String], version: String
    ) -> TelemetryFacts {
        TelemetryFacts(
            dependencies: dependencies(report: report, detections: detections),
            products: [
                TelemetryProduct(name: "sca", isEnabled: report.gate.isOpen, version: version, error: report.error)
            ],
            configuration: configuration(report.gate, environment: environment), metrics: metrics(report))
    }
}

// MARK: Packages

extension SCATelemetry {
    /// A package on its way into the facts.
    private struct Found {
        /// The advisories, each with who reached it first, if anybody has.
        var advisories: [String: TelemetryDependency.Reached?] = [:]
    }

    /// The packages whose functions advisories name, by name and version, each with its advisories by their identifiers.
    static func dependencies(report: Report, detections: [Detection]) -> [TelemetryDependency] {
        var found: [Package: Found] = [:]
        for target in report.targets where !target.advisories.isEmpty {
            for entry in target.entryPoints {
                guard let package = entry.package else { continue }
                for id in target.advisories where found[package, default: Found()].advisories[id] == nil {
                    found[package, default: Found()].advisories[id] = .some(nil)
                }
            }
        }
        for detection in detections {
            guard let package = detection.package else { continue }
            for id in detection.advisories {
                // The detections come in an order of their own: the first of them speaks for the advisory.
                guard (found[package]?.advisories[id] ?? nil) == nil else { continue }
                found[package, default: Found()].advisories[id] = .some(place(of: detection))
            }
        }
        return found.sorted { ($0.key.name, $0.key.version) < ($1.key.name, $1.key.version) }.map { package, found in
            TelemetryDependency(
                name: package.name, version: package.version,
                advisories: found.advisories.sorted { $0.key < $1.key }.map { .init(id: $0.key, reached: $0.value) })
        }
    }

    /// Who reached a function first: the source file, or else the image; the function, or else its place in the image;
    /// the line, or else 0. When no caller could be kept, the function itself with line 0: that it was reached is known.
    private static func place(of detection: Detection) -> TelemetryDependency.Reached {
        guard let caller = detection.firstCaller else {
            return .init(path: detection.entry.image, symbol: detection.entry.name)
        }
        return .init(
            path: caller.file.isEmpty ? caller.image : caller.file,
            symbol: caller.symbol.isEmpty ? "+0x\(String(caller.offset, radix: 16))" : caller.symbol,
            line: caller.file.isEmpty ? 0 : caller.line)
    }
}

// MARK: Settings and metrics

extension SCATelemetry {
    /// The gate's variables.
    static func configuration(_ gate: Gate, environment: [String: String]) -> [ConfigurationEntry] {
        let missing = Set(gate.missing.map(\.variable))
        return Gate.Variable.allCases.map { variable in
            ConfigurationEntry(
                name: variable.rawValue, value: .bool(!missing.contains(variable)),
                origin: environment[variable.rawValue] == nil ? .byDefault : .environment)
        }
    }

    /// The product's counters.
    static func metrics(_ report: Report) -> [TelemetryMetric] {
        let counters = Dictionary(report.counters.map { ($0.name, $0.value) }) { first, _ in first }
        func count(_ name: String, _ counter: String) -> TelemetryMetric {
            TelemetryMetric(name, .count(total: counters[counter] ?? 0))
        }
        func gauge(_ name: String, _ value: Int) -> TelemetryMetric { TelemetryMetric(name, .gauge(Double(value))) }
        let wanted = report.targets.filter { $0.state != .removed && $0.state != .notAffected }
        return [
            gauge("sca.enabled", report.gate.isOpen ? 1 : 0),
            gauge("sca.targets_total", wanted.count),
            gauge("sca.targets_instrumented", wanted.count { $0.state == .installed || $0.state == .disarmed }),
            gauge("sca.pending_targets", wanted.count { $0.state == .pending }),
            count("sca.instrumentations", "installed"),
            count("sca.payload_errors", "payloads_refused"),
            count("sca.processing_failures", "payloads_partial"),
            count("sca.removal_failures", "removals_failed"),
            count("sca.startup_failures", "starts_failed"),
        ]
            + report.refusedBy.map {
                TelemetryMetric("sca.instrumentation_failed", .count(total: $0.value), tags: ["reason:\($0.name)"])
            } + report.targets.compactMap(detections)
    }

    /// Calls seen of a target's functions; nil for one that was not reached.
    private static func detections(_ target: Report.Target) -> TelemetryMetric? {
        let hits = target.entryPoints.reduce(0) { $0 &+ $1.hits }
        guard hits > 0 else { return nil }
        return TelemetryMetric("sca.detections", .count(total: hits), tags: ["target:\(target.target)"])
    }
}
