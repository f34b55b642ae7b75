// Process: what the program is given by the system.

import Glibc

/// The environment.
func environment() -> [String: String] {
    var values: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
        let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        entry += 1
    }
    return values
}

/// Sends what was printed on its way: whoever reads waits for each line.
func flushOutput() { fflush(nil) }
