// Scenario: runs a program of the package for a test, one scenario at a time.
//
// Owns where such programs are and how long one may take. What a scenario is, its program says; what its lines mean, the test.

import Foundation

/// A run of a program of the package.
package struct Scenario: Sendable {
    /// What it printed, line by line.
    package let lines: [String]
    /// Whether it ended by itself, with success.
    package let hasSucceeded: Bool

    /// Runs a program of the package with these arguments. One that is not done after `seconds` is killed and says nothing more.
    package init(of program: String, _ arguments: [String], seconds: Int) throws {
        let process = Process()
        process.executableURL = try Self.folder().appendingPathComponent(program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let number = process.processIdentifier
        let guardian = DispatchWorkItem { kill(number, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds), execute: guardian)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guardian.cancel()
        lines = text.split(separator: "\n").map(String.init)
        hasSucceeded = process.terminationReason == .exit && process.terminationStatus == 0
    }

    /// The folder with the package's programs: that of the tests.
    private static func folder() throws -> URL {
        let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
        guard let line = maps.split(separator: "\n").first(where: { $0.hasSuffix("PackageTests.xctest") }),
            let start = line.firstIndex(of: "/")
        else { throw CocoaError(.fileNoSuchFile) }
        return URL(fileURLWithPath: String(line[start...])).deletingLastPathComponent()
    }
}
