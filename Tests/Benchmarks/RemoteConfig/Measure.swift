// Measure: processor time and allocations of one repetition.
//
// Owns the clock, which is that of the process: no client hides its work in another thread. Allocations are counted by
// allocations.c when that is preloaded, and by nobody otherwise.

import Glibc
import GraftConfig

/// What one repetition took.
struct Figures {
    /// Microseconds of processor time: the least.
    var processor: Double
    /// Microseconds by the wall clock: the least.
    var wall: Double
    /// Allocations; nil when nobody counts.
    var allocations: Double?

    /// The figures as the table's maker reads them.
    var json: JSONValue {
        [
            "cpu_us": .number(processor), "wall_us": .number(wall),
            "allocations": allocations.map(JSONValue.number) ?? nil,
        ]
    }
}

/// Carries out `body` so many times, and a few times before that.
func repeated(_ count: Int, warmUp: Int = 3, _ body: () throws -> Void) rethrows -> Figures {
    for _ in 0..<warmUp { try body() }
    var (processor, wall): ([Double], [Double]) = ([], [])
    processor.reserveCapacity(count)
    wall.reserveCapacity(count)
    let allocationsBefore = allocations()
    for _ in 0..<count {
        let start = (now(CLOCK_PROCESS_CPUTIME_ID), now(CLOCK_MONOTONIC))
        try body()
        processor.append(now(CLOCK_PROCESS_CPUTIME_ID) - start.0)
        wall.append(now(CLOCK_MONOTONIC) - start.1)
    }
    let made = allocations().flatMap { after in allocationsBefore.map { Double(after - $0) / Double(count) } }
    return Figures(processor: least(processor), wall: least(wall), allocations: made)
}

/// The least of them.
private func least(_ values: [Double]) -> Double { values.min() ?? 0 }

/// A clock in microseconds.
private func now(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
}

/// The allocations so far; nil when nobody counts.
private func allocations() -> UInt64? {
    guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: 0), "graft_bench_allocations") else { return nil }
    return unsafeBitCast(symbol, to: (@convention(c) () -> UInt64).self)()
}

/// A file's bytes.
func contents(of path: String) throws -> [UInt8] {
    guard let file = fopen(path, "r") else { throw ConfigError(.missing, "\(path) cannot be read") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return bytes
}

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
