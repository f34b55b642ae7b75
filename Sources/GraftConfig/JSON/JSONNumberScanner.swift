// JSONNumberScanner: the grammar of numbers, and whether one can be held.
//
// Owns that part of JSONScanner: which digits make a number, which numbers fit `Int64`, and which no `Double` comes
// near to. The value itself is JSONText's to work out, when it is asked for.

extension JSONScanner {
    /// Moves over a number whose sign or first digit comes next; tells whether it is an integer that fits `Int64`.
    mutating func number() throws(JSONFault) -> Bool {
        let start = position
        let fits = try integerPart(from: start)
        var isInteger = true
        if take(".") {
            isInteger = false
            try digits("a digit must follow the decimal point", from: start)
        }
        var hasExponent = false
        if take("e") || take("E") {
            (isInteger, hasExponent) = (false, true)
            if !take("+") { _ = take("-") }
            try digits("a digit must follow the exponent's sign or letter", from: start)
        }
        guard position - start <= JSONLimits.maximumNumberBytes else {
            let limit = JSONLimits.maximumNumberBytes
            throw JSONFault("a number may have \(limit) bytes, and this has more", at: start, code: .limit)
        }
        if isInteger && fits { return true }
        // Nothing of up to 308 bytes without an exponent reaches the largest Double.
        guard !hasExponent, position - start <= 308 else {
            try refuseInfinity(from: start)
            return false
        }
        return false
    }

    /// Moves over an optional sign and `0`, or digits that do not begin with 0; tells whether they fit `Int64`.
    private mutating func integerPart(from start: Int) throws(JSONFault) -> Bool {
        let isNegative = take("-")
        if take("0") {
            guard Self.digit(byte) == nil else { throw JSONFault("a number may not begin with 0", at: start) }
            return true
        }
        var value: Int64 = 0
        var fits = true
        let first = position
        // Negative numbers reach one further than positive ones, so the sum is kept negative.
        while let digit = Self.digit(byte) {
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooLargeBySum) = product.subtractingReportingOverflow(Int64(digit))
            fits = fits && !tooLarge && !tooLargeBySum
            value = sum
            skip()
        }
        guard position > first else { throw JSONFault("a digit must follow the minus sign", at: start) }
        return fits && (isNegative || value != .min)
    }

    /// Moves over one or more digits.
    private mutating func digits(_ message: String, from start: Int) throws(JSONFault) {
        guard Self.digit(byte) != nil else { throw JSONFault(message, at: start) }
        while Self.digit(byte) != nil { skip() }
    }

    /// Refuses a number that no `Double` comes near to.
    private func refuseInfinity(from start: Int) throws(JSONFault) {
        guard JSONText.double(text[start..<position]).isFinite else {
            throw JSONFault("the number is too large", at: start, code: .limit)
        }
    }

    /// The value of a decimal digit.
    @inline(__always)
    private static func digit(_ byte: UInt8) -> UInt8? {
        let value = byte &- UInt8(ascii: "0")
        return value < 10 ? value : nil
    }
}
