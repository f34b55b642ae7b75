// Built.swift: the tool and the preload libraries as `make build` leaves them, and programs run under them.
//
// The end-to-end tests need both; `make end-to-end` names their folder in GRAFT_BUILD. Without it they are skipped.

import Foundation
import GraftConfig
import Testing

@testable import GraftCLI

/// What was built.
enum Built {
    /// The folder; nil when the end-to-end tests were not asked for.
    static let folder = ProcessInfo.processInfo.environment["GRAFT_BUILD"]
    /// The tool.
    static var tool: String { "\(folder ?? "build")/bin/graft" }
    /// The stub.
    static var stub: String { "\(folder ?? "build")/lib/graft/libgraft-preload.so" }

    /// Whether the end-to-end tests can run.
    static var isThere: Bool { folder != nil }

    /// An environment without our variables, with some of its own.
    static func environment(_ more: [String: String] = [:]) -> [String: String] {
        let own = ProcessInfo.processInfo.environment.filter { name, _ in
            !name.hasPrefix("GRAFT_") && !name.hasPrefix("DD_") && name != "LD_PRELOAD"
        }
        return own.merging(more) { $1 }
    }

    /// Runs the tool to its end.
    static func graft(_ arguments: String..., environment more: [String: String] = [:]) throws -> Command.Result {
        try Command.run(tool, arguments, environment: environment(more))
    }
}

/// Waits until something holds; false when it does not within a bounded time.
func eventually(seconds: Double = 15, _ holds: () throws -> Bool) rethrows -> Bool {
    let deadline = Date() + seconds
    while Date() < deadline {
        if try holds() { return true }
        usleep(20_000)
    }
    return false
}

/// A report, as a reader sees it.
struct ReportFileView {
    let root: JSONNode

    init(_ path: String) throws {
        root = try JSONDocument.parse(Array(Data(contentsOf: URL(fileURLWithPath: path)))).root
    }

    init(_ root: JSONNode) { self.root = root }

    var isFinal: Bool? { root["final"]?.bool }
    var process: Int64? { root["process"]?["pid"]?.integer }
    var isOpen: Bool? { root["gate"]?["open"]?.bool }
    var problem: String? { root["agent"]?["problem"]?.string }
    var targets: [JSONNode] { root["targets"]?.elements.map(Array.init) ?? [] }

    /// A target by its text.
    func target(_ text: String) -> JSONNode? { targets.first { $0["target"]?.string == text } }

    /// A target's state.
    func state(_ text: String) -> String? { target(text)?["state"]?.string }

    /// A target's entry points.
    func entries(_ text: String) -> [JSONNode] { target(text)?["entry_points"]?.elements.map(Array.init) ?? [] }

    /// The calls of a target that were seen.
    func hits(_ text: String) -> Int64 { entries(text).reduce(0) { $0 + ($1["hits"]?.integer ?? 0) } }

    /// The first caller of a target.
    func caller(_ text: String) -> JSONNode? { entries(text).lazy.compactMap { $0["first_caller"] }.first }
}
