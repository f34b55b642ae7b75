// Status.swift: what `graft status PID --json` says, and waiting for it to say something.
//
// Owns the keys that the demonstration reads. Neighbour: Story.swift.

import Foundation

/// The state of an instrumented process; the report has the same form.
struct Status: Decodable {
    /// One target of the payload.
    struct Target: Decodable {
        let target: String
        let state: String
        let reason: String?
        let entry_points: [EntryPoint]

        /// Calls seen, of all its functions.
        var hits: UInt64 { entry_points.reduce(0) { $0 + $1.hits } }
    }

    /// One function.
    struct EntryPoint: Decodable {
        let image: String
        let offset: UInt64
        let symbol: String
        let state: String
        let hits: UInt64
        let first_caller: Caller?
    }

    /// Where a function was first called from.
    struct Caller: Decodable {
        let image: String
        let symbol: String
        let offset: UInt64
        let file: String?
        let line: Int?
    }

    let targets: [Target]

    /// The target with this text.
    func target(_ text: String) -> Target? { targets.first { $0.target == text } }

    /// Whether each of these targets was hit.
    func areHit(_ texts: [String]) -> Bool { texts.allSatisfy { (target($0)?.hits ?? 0) > 0 } }

    /// Whether each function that was hit, of these targets, has a first caller with a name.
    func haveCallers(_ texts: [String]) -> Bool {
        texts.allSatisfy { text in
            guard let all = target(text)?.entry_points else { return false }
            let points = all.filter { $0.hits > 0 }
            return !points.isEmpty && points.allSatisfy { $0.first_caller?.symbol.isEmpty == false }
        }
    }

    /// Reads a status or a report.
    init(json: String) throws { self = try JSONDecoder().decode(Status.self, from: Data(json.utf8)) }
}

/// The tool.
struct Graft {
    /// Its path.
    let path: String

    /// The state of a process.
    func status(of pid: Int32) throws -> Status { try Status(json: output(of: path, ["status", "\(pid)", "--json"])) }

    /// The same as people see it.
    func table(of pid: Int32) throws -> String { try output(of: path, ["status", "\(pid)"]) }

    /// Asks until `holds`, for at most `seconds`; `what` is named when it never does.
    @discardableResult
    func wait(for what: String, in program: Program, seconds: Double = 20, until holds: (Status) -> Bool) throws
        -> Status
    {
        let deadline = Date(timeIntervalSinceNow: seconds)
        var last: Error?
        while program.isRunning, Date() < deadline {
            do {
                let status = try status(of: program.pid)
                if holds(status) { return status }
            } catch { last = error }
            usleep(50_000)
        }
        let end = program.isRunning ? "not within \(Int(seconds)) s" : "the program ended"
        throw DemoError(description: "waiting for \(what): \(end)\(last.map { "; \($0)" } ?? "")")
    }
}
