// CodecTests: hashes, base64, capabilities and bounded text.

import Foundation
import GraftTestKit
import Testing

@testable import GraftRemoteConfig

@Suite("SHA-256")
struct SHA256Tests {
    private func hex(_ text: String) -> String { SHA256.digest(of: Array(text.utf8)).hex }

    @Test("gives the published digests")
    func published() {
        #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            hex(
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
                    + "nopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1")
        #expect(
            hex(#"{"asm": {"enabled": false}}"#) == "1559a38c17a7a594f0ba946b9ddb2635d4ff936aedab357d9d5ce72abaa3c7db")
    }

    @Test("agrees with Python's hashlib on every length around the blocks, and on longer ones, at any address")
    func differential() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sha-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        var random = SplitMix(seed: 1)
        let bytes = (0..<70_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        try Data(bytes).write(to: file)
        let parts = (Array(0...200) + [1_000, 4_095, 65_537]).map { (start: $0 % 17, count: $0) }
        let script = """
            import hashlib, sys
            data = open(sys.argv[1], "rb").read()
            for part in sys.argv[2:]:
                start, count = map(int, part.split("+"))
                print(hashlib.sha256(data[start:start + count]).hexdigest())
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, file.path] + parts.map { "\($0.start)+\($0.count)" }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let expected = output.split(separator: "\n").map(String.init)
        #expect(expected.count == parts.count)
        let digests = bytes.withUnsafeBytes { whole in
            parts.map { SHA256.digest(of: UnsafeRawBufferPointer(rebasing: whole[$0.start..<$0.start + $0.count])).hex }
        }
        #expect(digests == expected)
    }

    @Test("gives the published digest of a million bytes")
    func million() {
        let digest = SHA256.digest(of: [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
        #expect(digest.hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("is read back from its digits, of either case, and from nothing else")
    func digits() {
        let digest = SHA256.digest(of: [1, 2, 3])
        #expect(SHA256Digest(hex: digest.hex) == digest)
        #expect(SHA256Digest(hex: digest.hex.uppercased()) == digest)
        #expect(SHA256Digest(hex: String(digest.hex.dropLast())) == nil)
        #expect(SHA256Digest(hex: digest.hex + "0") == nil)
        #expect(SHA256Digest(hex: "g" + digest.hex.dropFirst()) == nil)
    }
}

@Suite("Base64")
struct Base64Tests {
    @Test(
        "has the standard's vectors",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(_ plain: String, _ text: String) {
        #expect(Base64.text(of: plain.utf8) == text)
        #expect(Base64.bytes(of: text) == Array(plain.utf8))
    }

    @Test(
        "refuses what it would not write",
        arguments: [
            "Z", "Zg", "Zg=", "Zm8", "=", "====", "Z===", "Zg==Zg==", "Zm9v=", "Zg=a", "Zm 9v", "Zm9v\n", "Zm9\u{E9}",
            "Zh==", "Zm9=", "Zm-v", "Zm_v",
        ])
    func refused(_ text: String) { #expect(Base64.bytes(of: text) == nil) }

    @Test("agrees with Foundation on any bytes")
    func differential() {
        var random = SplitMix(seed: 2)
        for count in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = Data(bytes).base64EncodedString()
            #expect(Base64.text(of: bytes) == text)
            #expect(Base64.bytes(of: text) == bytes)
        }
    }
}

@Suite("Base64, broken")
struct BrokenBase64Tests {
    @Test("is refused for every character that is none of the alphabet, wherever it stands")
    func characters() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for tail in ["Zm9v", "Zm8=", "Zg=="] {
            let good = Array(("Zm9v" + tail).utf8)
            #expect(good.withUnsafeBufferPointer { Base64.bytes(of: $0) } != nil)
            let characters = good.prefix { $0 != UInt8(ascii: "=") }.count
            for place in 0..<characters {
                for byte in UInt8.min...UInt8.max where !alphabet.contains(byte) {
                    var bad = good
                    bad[place] = byte
                    #expect(bad.withUnsafeBufferPointer { Base64.bytes(of: $0) } == nil, "\(tail) \(place) \(byte)")
                }
            }
        }
    }
}

@Suite("Capabilities")
struct CapabilitiesTests {
    @Test("are big-endian and as short as they can be")
    func bytes() {
        #expect(Capabilities().base64 == "")
        #expect(Capabilities(bit: 0).bytes == [1])
        #expect(Capabilities(bit: 7).bytes == [0x80])
        #expect(Capabilities(bit: 8).bytes == [1, 0])
        #expect(Capabilities([1, 24, 31].map { Capabilities(bit: $0) }).bytes == [0x81, 0, 0, 2])
        #expect(Capabilities(bit: 63).bytes.count == 8)
    }

    @Test("have the form that other clients send")
    func observed() {
        let bits = [12, 13, 14, 15, 19, 29, 38, 39, 40, 45]
        #expect(Capabilities(bits.map { Capabilities(bit: $0) }).base64 == "IcAgCPAA")
        #expect(Capabilities(rawValue: 0x0001_21C0_A008_F002).bytes == [1, 33, 192, 160, 8, 240, 2])
        #expect(Capabilities.apmTracingMulticonfig.bytes == [0x20, 0, 0, 0, 0, 0])
    }
}

@Suite("An error's text")
struct BoundedTextTests {
    private func text(_ text: String) -> String? { Acknowledgement.error(text).applyError }

    @Test("is kept up to the limit and cut past it, between characters")
    func limit() throws {
        let longest = String(repeating: "a", count: 256)
        #expect(text(longest) == longest)
        let cut = try #require(text(longest + "a"))
        #expect(cut.utf8.count <= 256)
        #expect(cut.hasSuffix("a…"))
        let wide = try #require(text(String(repeating: "€", count: 100)))
        #expect(wide.utf8.count <= 256)
        #expect(wide.hasSuffix("€…"))
    }

    @Test("is one line")
    func line() { #expect(text("a\nb\r\u{2028}c\u{7F}") == "a b  c ") }
}
