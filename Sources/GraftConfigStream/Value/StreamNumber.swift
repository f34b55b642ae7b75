// StreamNumber: numbers out of values.
//
// Owns how a double is narrowed to what a getter was asked for, and how far it can be trusted. The zero of the type stands
// for what cannot be narrowed, as in the reader that this one follows. Neighbours: StreamValue, GoDuration.

extension StreamValue {
    /// The largest whole number below which every whole number has a double of its own: 2^53.
    public static let exactIntegerMax: Double = 9_007_199_254_740_992

    /// Whether it is a whole number that cannot have lost digits on the way: its size is at most 2^53. Beyond that, the
    /// sender's whole number was rounded to the nearest double before it was sent.
    public var isExactInteger: Bool {
        guard case .number(let number) = self else { return false }
        return number.rounded(.towardZero) == number && number.magnitude <= Self.exactIntegerMax
    }

    /// A whole number: a number without its fraction, or a text that is a whole number. Nil for everything else, and for a
    /// number that 64 bits do not hold.
    public var integer: Int64? {
        switch self {
        case .number(let number): Int64(exactly: number.rounded(.towardZero))
        case .string(let text): Int64(text)
        default: nil
        }
    }

    /// A number, or a text that is one.
    public var double: Double? {
        switch self {
        case .number(let number): number
        case .string(let text): Double(text)
        default: nil
        }
    }

    /// A truth value, or one of the texts that Go's `strconv.ParseBool` takes for one.
    public var boolean: Bool? {
        switch self {
        case .bool(let bool): bool
        case .string("1"), .string("t"), .string("T"), .string("true"), .string("TRUE"), .string("True"): true
        case .string("0"), .string("f"), .string("F"), .string("false"), .string("FALSE"), .string("False"): false
        default: nil
        }
    }

    /// A duration: a number of nanoseconds, or a text as Go's `time.ParseDuration` reads it.
    public var duration: Duration? {
        switch self {
        case .number(let number): Int64(exactly: number.rounded(.towardZero)).map { .nanoseconds($0) }
        case .string(let text): GoDuration.parse(text)
        default: nil
        }
    }

    /// A size: a number of bytes, or a text of a whole number with `kb`, `mb` or `gb` (of 1,024) or `b` or nothing after it,
    /// in whatever case, spaces between allowed.
    public var sizeInBytes: Int64? {
        guard case .string(let text) = self else { return integer }
        let folded = text.lowercased()
        let digits = folded.prefix { $0.isNumber }
        let factor: Int64
        switch folded.dropFirst(digits.count).drop(while: { $0 == " " }) {
        case "", "b": factor = 1
        case "kb", "k": factor = 1 << 10
        case "mb", "m": factor = 1 << 20
        case "gb", "g": factor = 1 << 30
        default: return nil
        }
        guard let (size, isTooLarge) = Int64(digits).map({ $0.multipliedReportingOverflow(by: factor) }) else {
            return nil
        }
        return isTooLarge ? nil : size
    }
}
