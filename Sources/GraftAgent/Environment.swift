// Environment.swift: the environment of this process, read once.

internal import Glibc

/// The process's environment.
enum Environment {
    /// The variables as they are now; the first of several entries counts, as it does for getenv. Only before main: a
    /// host's threads may change the environment later.
    static var current: [String: String] {
        var count = 0
        while environ[count] != nil { count += 1 }
        // One table of the right size, and no text twice: a program's start waits for this.
        var values = [String: String](minimumCapacity: count)
        for index in 0..<count {
            guard let entry = environ[index], let split = strchr(entry, Int32(UInt8(ascii: "="))) else { continue }
            let name = String(decoding: UnsafeRawBufferPointer(start: entry, count: split - entry), as: UTF8.self)
            if values[name] == nil { values[name] = String(cString: split + 1) }
        }
        return values
    }
}
