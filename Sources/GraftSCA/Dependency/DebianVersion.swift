// DebianVersion.swift: the order of distribution versions.
//
// Owns the comparison that Debian Policy 5.6.12 describes: epoch, upstream version, revision; a tilde sorts before
// everything, even the end. Used for rpm's and apk's versions too, which differ in corner cases only. It judges no
// ranges: VersionRange.swift does.

/// A version as a distribution writes it: `[epoch:]upstream[-revision]`.
package struct DebianVersion: Sendable {
    /// The number before the colon; nil where none is written, which compares as 0.
    package var epoch: UInt64?
    /// The part between.
    package var upstream: String
    /// The part after the last hyphen; nil where none is written, which compares as `0`.
    package var revision: String?

    /// The most bytes that a version may have.
    package static let maximumLength = 256

    /// Reads a version; nil for an empty one, one with bytes that no version has, or one with an epoch that is no
    /// number.
    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8
        guard !bytes.isEmpty, bytes.count <= Self.maximumLength, bytes.allSatisfy(Self.isAllowed) else { return nil }
        var rest = Substring(text)
        if let colon = rest.firstIndex(of: ":") {
            let digits = rest[..<colon]
            guard digits.utf8.allSatisfy(Self.isDigit), let number = UInt64(digits) else { return nil }
            epoch = number
            rest = rest[rest.index(after: colon)...]
        }
        if let hyphen = rest.lastIndex(of: "-") {
            revision = String(rest[rest.index(after: hyphen)...])
            rest = rest[..<hyphen]
        }
        // So that the marks of other notations, `^1.0` and `~1.0`, are not taken for versions.
        guard rest.utf8.first.map({ Self.isDigit($0) || Self.isLetter($0) }) == true else { return nil }
        upstream = String(rest)
    }

    /// Whether a byte may stand in a version. The caret and the underscore are rpm's and apk's.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || ".+-~:^_".utf8.contains(byte)
    }
}

extension DebianVersion: Comparable {
    /// Whether the left version is older.
    package static func < (left: Self, right: Self) -> Bool { left.compare(to: right) < 0 }

    /// Whether neither version is older; `1.0` and `1.00` are the same.
    package static func == (left: Self, right: Self) -> Bool { left.compare(to: right) == 0 }

    /// Negative when this version is older, positive when it is newer, 0 when they are the same.
    private func compare(to other: Self) -> Int {
        if (epoch ?? 0) != (other.epoch ?? 0) { return (epoch ?? 0) < (other.epoch ?? 0) ? -1 : 1 }
        let order = Self.compareParts(upstream, other.upstream)
        return order != 0 ? order : Self.compareParts(revision ?? "0", other.revision ?? "0")
    }

    /// Compares two parts: by turns a run without digits, letter by letter, and a run of digits, as numbers.
    private static func compareParts(_ left: String, _ right: String) -> Int {
        var left = left.utf8[...]
        var right = right.utf8[...]
        while !left.isEmpty || !right.isEmpty {
            let order = compareText(&left, &right)
            if order != 0 { return order }
            let difference = compareNumbers(&left, &right)
            if difference != 0 { return difference }
        }
        return 0
    }

    /// Compares, and takes off, the runs without digits.
    private static func compareText(_ left: inout Substring.UTF8View, _ right: inout Substring.UTF8View) -> Int {
        while left.first.map(isDigit) == false || right.first.map(isDigit) == false {
            let order = weight(left.first) - weight(right.first)
            if order != 0 { return order }
            left = left.dropFirst()
            right = right.dropFirst()
        }
        return 0
    }

    /// Compares, and takes off, the runs of digits. Numbers have no limit: the longer one is greater.
    private static func compareNumbers(_ left: inout Substring.UTF8View, _ right: inout Substring.UTF8View) -> Int {
        let a = takeNumber(&left)
        let b = takeNumber(&right)
        if a.count != b.count { return a.count - b.count }
        return zip(a, b).first { $0 != $1 }.map { Int($0) - Int($1) } ?? 0
    }

    /// Takes off a run of digits; without its leading zeros.
    private static func takeNumber(_ text: inout Substring.UTF8View) -> Substring.UTF8View {
        let digits = text.prefix(while: isDigit)
        text = text[digits.endIndex...]
        return digits.drop { $0 == UInt8(ascii: "0") }
    }

    /// The rank of a byte in a run without digits: tilde, then the end of the run, then letters, then the rest.
    private static func weight(_ byte: UInt8?) -> Int {
        guard let byte, !isDigit(byte) else { return 0 }
        if byte == UInt8(ascii: "~") { return -1 }
        return isLetter(byte) ? Int(byte) : Int(byte) + 256
    }

    /// Whether a byte is a letter.
    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
    }

    /// Whether a byte is a digit.
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
