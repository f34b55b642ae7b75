// Environment.swift: the environment of this process, read once.

internal import Glibc

/// The process's environment.
enum Environment {
    /// The variables as they are now; the first of several entries counts, as it does for getenv. Only before main: a
    /// host's threads may change the environment later.
    static var current: [String: String] {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let split = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                let name = String(text[..<split])
                if values[name] == nil { values[name] = String(text[text.index(after: split)...]) }
            }
            next += 1
        }
        return values
    }
}
