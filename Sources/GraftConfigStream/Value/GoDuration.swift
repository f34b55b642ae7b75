// GoDuration: durations in the text form of Go's time package, which the core agent's configuration uses.
//
// Owns the reading of `1h2m3.5s`. Neighbours: StreamNumber.

/// Durations as Go writes them.
enum GoDuration {
    /// How many nanoseconds a unit has.
    private static func nanoseconds(of unit: Substring) -> Double? {
        switch unit {
        case "ns": 1
        case "us", "µs", "μs": 1e3
        case "ms": 1e6
        case "s": 1e9
        case "m": 60e9
        case "h": 3600e9
        default: nil
        }
    }

    /// Reads signs, decimal numbers and units, as `time.ParseDuration` does: `1h2m`, `-1.5s`, `0`. Nil when it is nothing of that
    /// kind, or longer than 64 bits of nanoseconds.
    static func parse(_ text: String) -> Duration? {
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest = rest.dropFirst() }
        if rest == "0" { return .zero }
        if rest.isEmpty { return nil }
        var sum: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            let unit = rest.dropFirst(digits.count).prefix { !($0.isASCII && $0.isNumber || $0 == ".") }
            guard let part = part(digits, unit) else { return nil }
            let (next, isTooLarge) = sum.addingReportingOverflow(part)
            if isTooLarge { return nil }
            sum = next
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return .nanoseconds(isNegative ? -sum : sum)
    }

    /// One number with its unit, in nanoseconds.
    private static func part(_ digits: Substring, _ unit: Substring) -> Int64? {
        guard digits != ".", let size = nanoseconds(of: unit) else { return nil }
        // Whole numbers exactly; what follows the point as a double, which is exact enough for less than one unit.
        let pieces = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = pieces.first, let whole = first.isEmpty ? 0 : Int64(first) else { return nil }
        let (product, isTooLarge) = whole.multipliedReportingOverflow(by: Int64(size))
        if isTooLarge { return nil }
        guard pieces.count == 2, !pieces[1].isEmpty else { return product }
        guard let fraction = Double("0." + pieces[1]) else { return nil }
        let (sum, isBeyond) = product.addingReportingOverflow(Int64(fraction * size))
        return isBeyond ? nil : sum
    }
}
