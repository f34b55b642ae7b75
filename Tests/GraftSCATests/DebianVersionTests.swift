// DebianVersionTests: the order of distribution versions, against Debian Policy's rules and dpkg's answers.

import GraftSCA
import Testing

@Suite("A distribution version")
struct DebianVersionTests {
    /// Pairs of which the left is older. Policy 5.6.12's own examples, and what `dpkg --compare-versions` says.
    static let older: [(String, String)] = [
        // Policy: ~~, ~~a, ~, the empty part, a.
        ("1.0~~", "1.0~~a"), ("1.0~~a", "1.0~"), ("1.0~", "1.0"), ("1.0", "1.0a"),
        // Policy: letters sort before everything else.
        ("1.0a", "1.0+"), ("1.0z", "1.0."), ("1.0Z", "1.0a"), ("1.a", "1.+"),
        // Policy: 1.0~beta1~svn1245 is before 1.0~beta1, which is before 1.0.
        ("1.0~beta1~svn1245", "1.0~beta1"), ("1.0~beta1", "1.0"),
        ("1.9", "1.10"), ("9", "10"), ("0.9.8", "0.9.10"), ("1.2.3", "1.2.3.0.1"), ("1", "1.0.1"),
        ("9.9.9", "1:0"), ("1:9", "2:0"), ("0:1", "1:0"),
        ("1.0-1", "1.0-2"), ("1.0-9", "1.0-10"), ("1.0", "1.0-1"), ("1.0-1", "1.0-1+b1"), ("1.0-1~bpo1", "1.0-1"),
        ("1.0-1", "1.0.1-0"), ("1-2-3", "1-2-4"), ("1-1-9", "1-2-1"),
        ("15.6-0+deb12u1", "15.7-0+deb12u1"), ("3.0.9-1", "3.0.11-1~deb12u2"), ("3.0.11-1~deb12u2", "3.0.11-1"),
        ("5:7.0.15-1~deb12u1", "5:7.0.15-1~deb12u2"), ("2.36-9+deb12u4", "2.36-9+deb12u13"),
        ("1.2.3-r0", "1.2.3-r1"), ("1.2.3-r9", "1.2.3-r10"), ("3.1.4-r5", "3.1.5-r0"),
        ("1:3.0.7-24.el9", "1:3.0.7-25.el9"), ("3.0.7-25.el9", "1:3.0.7-1.el8"),
        ("18446744073709551616", "18446744073709551617"), ("99999999999999999998", "99999999999999999999"),
    ]

    /// Pairs that are the same.
    static let same: [(String, String)] = [
        ("1.0", "1.0"), ("0:1.0", "1.0"), ("1.0-0", "1.0"), ("1.00", "1.0"), ("1.01", "1.1"), ("1.0-01", "1.0-1"),
        ("0001", "1"), ("1.000~1", "1.0~1"), ("a0", "a"), ("00:1", "0:1"),
    ]

    @Test("is older than", arguments: older)
    func isOlder(_ left: String, _ right: String) throws {
        let (a, b) = (try #require(DebianVersion(left)), try #require(DebianVersion(right)))
        #expect(a < b)
        #expect(!(b < a))
        #expect(a != b)
    }

    @Test("is the same as", arguments: same)
    func isSame(_ left: String, _ right: String) throws {
        let (a, b) = (try #require(DebianVersion(left)), try #require(DebianVersion(right)))
        #expect(a == b)
        #expect(!(a < b))
        #expect(!(b < a))
    }

    @Test("is not any text", arguments: ["", " ", "1 2", "a:1", ":1", "1:", "-1", "+1:2", "1/2", "1.0\n", "ä", "1:-1"])
    func refused(_ text: String) {
        #expect(DebianVersion(text) == nil)
    }

    @Test("has a limit to its length")
    func length() {
        let limit = DebianVersion.maximumLength
        #expect(DebianVersion(String(repeating: "1", count: limit)) != nil)
        #expect(DebianVersion(String(repeating: "1", count: limit + 1)) == nil)
    }

    @Test("is ordered consistently")
    func isTransitive() throws {
        let all = try (Self.older + Self.same).flatMap { [$0.0, $0.1] }.map { try #require(DebianVersion($0)) }
        let sorted = all.sorted()
        for (index, version) in sorted.enumerated() {
            for later in sorted[index...] { #expect(!(later < version)) }
        }
    }
}
