// CodecTests: hashes, base64, capabilities and bounded text.

import Foundation
import GraftRemoteConfig
import Testing

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

    @Test("agrees with sha256sum on every length around the blocks, and on longer ones")
    func differential() throws {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent("sha-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var random = SplitMix(seed: 1)
        let inputs = (Array(0...130) + [1_000, 4_095, 65_537]).map { count in
            (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        for (index, input) in inputs.enumerated() {
            try Data(input).write(to: folder.appendingPathComponent(String(format: "%04d", index)))
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "cd \"$0\" && sha256sum *", folder.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let expected = output.split(separator: "\n").map { String($0.prefix(64)) }
        #expect(expected.count == inputs.count)
        #expect(inputs.map { SHA256.digest(of: $0).hex } == expected)
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
