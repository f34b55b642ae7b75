// ElfHeaderTests.swift: reading headers that are right, cut, contradictory or somebody else's.

import Testing

@testable import GraftCLI

/// An ELF file of one header and some program headers, made by hand.
struct ElfFile {
    var bits: UInt8 = 2
    var order: UInt8 = 1
    var machine: UInt16 = 62
    /// Type, offset and size of each program header.
    var segments: [(type: UInt32, offset: UInt64, size: UInt64)] = []
    var segmentSize: UInt16 = 56
    var segmentCount: UInt16?
    var tail: [UInt8] = []

    static func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian, Array.init)
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, bits, order, 1] + [UInt8](repeating: 0, count: 9)
        bytes += Self.little(UInt16(3)) + Self.little(machine) + Self.little(UInt32(1))
        bytes += Self.little(UInt64(0)) + Self.little(UInt64(64)) + Self.little(UInt64(0)) + Self.little(UInt32(0))
        bytes += Self.little(UInt16(64)) + Self.little(segmentSize)
        bytes += Self.little(segmentCount ?? UInt16(segments.count)) + [UInt8](repeating: 0, count: 6)
        for segment in segments {
            bytes += Self.little(segment.type) + Self.little(UInt32(4)) + Self.little(segment.offset)
            bytes += [UInt8](repeating: 0, count: 16) + Self.little(segment.size) + [UInt8](repeating: 0, count: 16)
        }
        return bytes + tail
    }

    /// A program with this dynamic linker.
    static func dynamic(_ linker: String) -> ElfFile {
        let path = Array(linker.utf8) + [0]
        return ElfFile(segments: [(1, 0, 0), (3, 64 + 2 * 56, UInt64(path.count))], tail: path)
    }

    func read() throws(ElfHeader.Problem) -> ElfHeader { try Self.read(bytes) }

    static func read(_ bytes: [UInt8]) throws(ElfHeader.Problem) -> ElfHeader {
        try ElfHeader { offset, count in
            guard offset < UInt64(bytes.count) else { return [] }
            return Array(bytes[Int(offset)...].prefix(count))
        }
    }
}

@Suite struct ElfHeaderTests {
    @Test func `a dynamic program names its dynamic linker`() throws {
        let header = try ElfFile.dynamic("/lib64/ld-linux-x86-64.so.2").read()
        #expect(header.is64 && header.isLittleEndian && header.machine == 62)
        #expect(header.interpreter == "/lib64/ld-linux-x86-64.so.2")
    }

    @Test func `a static program has none`() throws {
        #expect(try ElfFile(segments: [(1, 0, 0)]).read().interpreter == nil)
        #expect(try ElfFile().read().interpreter == nil)
    }

    @Test func `other machines are recognised and not read further`() throws {
        #expect(try !ElfFile(bits: 1, segmentCount: 9999).read().is64)
        let big = try ElfFile(order: 2, machine: 0x1500, segmentCount: 9999).read()
        #expect(!big.isLittleEndian && big.machine == 21)
    }

    @Test func `what is not ELF says so`() {
        #expect(throws: ElfHeader.Problem.notElf) { try ElfFile.read(Array("hello".utf8)) }
        #expect(throws: ElfHeader.Problem.notElf) { try ElfFile.read([]) }
    }

    @Test func `every cut of a good file is read or refused, never trusted`() {
        let whole = ElfFile.dynamic("/lib64/ld-linux-x86-64.so.2").bytes
        for length in 4..<whole.count {
            #expect(throws: ElfHeader.Problem.self, "cut at \(length)") { try ElfFile.read(Array(whole[..<length])) }
        }
    }

    @Test func `limits hold at the limit and past it`() throws {
        let count = UInt16(ElfHeader.programHeadersMaximum)
        let many = [(type: UInt32, offset: UInt64, size: UInt64)](repeating: (1, 0, 0), count: Int(count))
        #expect(try ElfFile(segments: many).read().interpreter == nil)
        #expect(throws: ElfHeader.Problem.self) { try ElfFile(segments: many + [(1, 0, 0)]).read() }

        let longest = ElfHeader.interpreterMaximum
        let path = String(repeating: "x", count: longest - 1)
        #expect(try ElfFile.dynamic(path).read().interpreter == path)
        #expect(throws: ElfHeader.Problem.self) { try ElfFile.dynamic(path + "x").read() }
    }

    @Test func `numbers that point outside are refused`() {
        let far = ElfFile(segments: [(3, UInt64.max - 4, 16)])
        #expect(throws: ElfHeader.Problem.self) { try far.read() }
        #expect(throws: ElfHeader.Problem.self) { try ElfFile(segments: [(3, 0, 0)]).read() }
        #expect(throws: ElfHeader.Problem.self) { try ElfFile(segments: [(1, 0, 0)], segmentSize: 8).read() }
    }
}
