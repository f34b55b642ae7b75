// ElfHeader.swift: the few facts of an ELF file that decide whether it can be started with a preloaded library.
//
// Owns the reading of the file header and of PT_INTERP, from bytes that may be anything: every offset is checked before
// it is used. What functions a file has is the core's business. Neighbour: ProgramCheck.swift draws the conclusions.

/// The facts of an ELF file.
struct ElfHeader: Hashable, Sendable {
    /// Whether it is a 64-bit file.
    var is64: Bool
    /// Whether its numbers are little-endian.
    var isLittleEndian: Bool
    /// For which processor: EM_X86_64 is 62, EM_AARCH64 is 183.
    var machine: UInt16
    /// The dynamic linker that it asks for; nil when it is static.
    var interpreter: String?

    /// Why bytes are not a usable ELF file.
    enum Problem: Error, Hashable, CustomStringConvertible {
        /// They do not begin as an ELF file does.
        case notElf
        /// They begin so, but what follows contradicts it.
        case damaged(String)

        /// The problem, said of the file.
        var description: String {
            switch self {
            case .notElf: "is neither an ELF program nor a script with a #! line"
            case .damaged(let what): "is a damaged ELF file: \(what)"
            }
        }
    }

    /// Program headers that are looked at, and bytes of a dynamic linker's path.
    static let programHeadersMaximum = 1024
    static let interpreterMaximum = 4096

    private static let interpreterType: UInt64 = 3

    /// Reads the facts. `read` returns up to `count` bytes at an offset, fewer at the end of the file.
    init(read: (_ offset: UInt64, _ count: Int) -> [UInt8]) throws(Problem) {
        let identification = read(0, 64)
        guard identification.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { throw .notElf }
        guard identification.count >= 52 else { throw .damaged("it ends within the file header") }
        is64 = identification[4] == 2
        isLittleEndian = identification[5] == 1
        let layout = Layout(is64: is64, isLittleEndian: isLittleEndian)
        guard identification.count >= layout.headerSize else { throw .damaged("it ends within the file header") }
        machine = UInt16(truncatingIfNeeded: layout.number(identification, at: 18, size: 2))
        // A file for another machine is not read further: its refusal needs no more.
        guard is64, isLittleEndian else { return }
        interpreter = try Self.findInterpreter(identification, layout: layout, read: read)
    }

    /// Finds the path in the segment PT_INTERP.
    private static func findInterpreter(
        _ header: [UInt8], layout: Layout, read: (UInt64, Int) -> [UInt8]
    ) throws(Problem) -> String? {
        let table = layout.number(header, at: 32, size: 8)
        let size = Int(layout.number(header, at: 54, size: 2))
        let count = Int(layout.number(header, at: 56, size: 2))
        guard count <= programHeadersMaximum else { throw .damaged("it has \(count) program headers") }
        guard count == 0 || size >= 56 else { throw .damaged("its program headers have \(size) bytes") }
        for index in 0..<count {
            let (offset, overflow) = table.addingReportingOverflow(UInt64(index * size))
            let bytes = overflow ? [] : read(offset, 56)
            guard bytes.count == 56 else { throw .damaged("it ends within the program headers") }
            guard layout.number(bytes, at: 0, size: 4) == interpreterType else { continue }
            let length = layout.number(bytes, at: 32, size: 8)
            guard length > 0, length <= UInt64(interpreterMaximum) else {
                throw .damaged("its dynamic linker's path has \(length) bytes")
            }
            let path = read(layout.number(bytes, at: 8, size: 8), Int(length))
            guard path.count == Int(length) else { throw .damaged("it ends within its dynamic linker's path") }
            return String(decoding: path.prefix { $0 != 0 }, as: UTF8.self)
        }
        return nil
    }

    /// How numbers are laid out.
    private struct Layout {
        var is64: Bool
        var isLittleEndian: Bool

        var headerSize: Int { is64 ? 64 : 52 }

        /// The number at an offset that the caller has checked.
        func number(_ bytes: [UInt8], at offset: Int, size: Int) -> UInt64 {
            let part = bytes[offset..<(offset + size)]
            return (isLittleEndian ? Array(part.reversed()) : Array(part)).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}
