// TargetTests: which texts are targets, and where the others go wrong.

import Graft
import Testing

@Suite("A target")
struct TargetTests {
    @Test(
        "is a text that follows the grammar",
        arguments: [
            "libpq.so.5:PQexec", ":main", "*:SSL_write", "libfoo.so:ns::Class::method", "Shop:Order.price(_:of:)",
            "package.module:Class.method", "build-id:00ffa1b2c3d4e5f6+0x1234", "libssl.so.3:SSL_write@@OPENSSL_3.0.0",
        ])
    func accepted(_ text: String) throws {
        #expect(try Target(text).text == text)
        #expect("\(try Target(text))" == text)
    }

    @Test("is not any text", arguments: ["", "libpq.so.5", "libpq.so.5:", "build-id:xyz+0x1", "build-id:00+12"])
    func refused(_ text: String) throws {
        let error = try #require(throws: GraftError.self) { try Target(text) }
        #expect(error.code == .targetSyntax)
        guard case .target(text, let offset)? = error.place else {
            Issue.record("no place: \(error)")
            return
        }
        #expect((0...text.utf8.count).contains(offset))
    }

    @Test("says where reading failed")
    func offset() throws {
        let error = try #require(throws: GraftError.self) { try Target("libpq.so.5") }
        #expect(error.place == .target("libpq.so.5", offset: 10))
        #expect(error.description.hasPrefix("target-syntax: "))
        #expect(error.description.hasSuffix("(byte 10 of \"libpq.so.5\")"))
    }

    @Test("does not end at a zero byte")
    func zero() throws {
        let error = try #require(throws: GraftError.self) { try Target("a:f\0b") }
        #expect(error.place == .target("a:f\0b", offset: 3))
    }

    @Test("has a limit to its length")
    func length() throws {
        let longest = "a.so:" + String(repeating: "f", count: Target.maximumLength - 5)
        #expect(try Target(longest).text == longest)
        let error = try #require(throws: GraftError.self) { try Target(longest + "f") }
        #expect(error.code == .targetTooLong)
    }

    @Test("is ordered by its text")
    func order() throws {
        #expect(try Target("a:f") < Target("a:g"))
    }
}
