// VersionRangeTests: which installed versions a list of conditions concerns.

import GraftSCA
import Testing

@Suite("A version range")
struct VersionRangeTests {
    /// The range of these alternatives, all of which must be readable.
    private func range(_ alternatives: String...) throws -> VersionRange {
        VersionRange(alternatives: try alternatives.map { try #require(VersionRange.alternative($0)) })
    }

    @Test("joins its list by or, and commas by and")
    func orAnd() throws {
        let range = try range("<2.32.0", ">=42.2.0, <42.2.28")
        #expect(range.contains("2.31.9"))
        #expect(!range.contains("2.32.0"))
        #expect(!range.contains("42.1.9"))
        #expect(range.contains("42.2.0"))
        #expect(range.contains("42.2.27"))
        #expect(!range.contains("42.2.28"))
    }

    @Test(
        "compares by each operator",
        arguments: [
            ("<1.2", [true, false, false]), ("<=1.2", [true, true, false]), (">1.2", [false, false, true]),
            (">=1.2", [false, true, true]), ("==1.2", [false, true, false]), ("!=1.2", [true, false, true]),
            ("1.2", [false, true, false]), ("=1.2", [false, true, false]), ("  >=\t1.2 ", [false, true, true]),
        ])
    func operators(_ text: String, _ expected: [Bool]) throws {
        let range = try range(text)
        #expect(["1.1", "1.2", "1.3"].map(range.contains) == expected)
    }

    @Test(
        "is not any text",
        arguments: ["", " ", ",", "<", "~>1.0", "^1.0", "<>1.0", "=>1.0", "===1", "1.0,", ">=1.0,,<2", "< 1 2", "*"])
    func unreadable(_ text: String) {
        #expect(VersionRange.alternative(text) == nil)
    }

    @Test("sets an epoch aside that it does not state")
    func epoch() throws {
        #expect(try range("<7.2.0").contains("5:7.0.15-1~deb12u1"))
        #expect(try !range("<7.0.15").contains("5:7.0.15-1~deb12u1"))
        #expect(try range("<5:7.2.0").contains("5:7.0.15-1"))
        #expect(try !range("<4:9").contains("5:7.0.15-1"))
    }

    @Test("sets a revision aside that it does not state")
    func revision() throws {
        #expect(try range("==3.0.11").contains("3.0.11-1~deb12u2"))
        #expect(try !range("<3.0.11").contains("3.0.11-1~deb12u2"))
        #expect(try range("<3.0.11-1~deb12u3").contains("3.0.11-1~deb12u2"))
        #expect(try !range("<3.0.11-1~deb12u2").contains("3.0.11-1~deb12u2"))
    }

    @Test("contains nothing that is no version, and without alternatives nothing at all")
    func nothing() throws {
        #expect(try !range("!=1.0").contains("not a version"))
        #expect(!VersionRange(alternatives: []).contains("1.0"))
    }
}
