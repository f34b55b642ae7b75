// Bytes.swift: the bytes of a function as they are in a process, and as they are in the file that it was loaded from.
//
// Owns the translation of a virtual address of the file (program headers) and of the process (/proc/PID/maps). It uses
// nothing of Graft: it is the witness. Neighbour: Story.swift.

import Foundation

/// A function in a running process.
struct FunctionBytes {
    /// In the process now.
    let inProcess: [UInt8]
    /// In the file.
    let inFile: [UInt8]

    /// Whether the process has what the file has.
    var areOriginal: Bool { inProcess == inFile }

    /// Reads `count` bytes at a virtual address of `image` in the process `pid`.
    init(pid: Int32, image: String, address: UInt64, count: Int = 16) throws {
        guard let file = FileManager.default.contents(atPath: image) else {
            throw DemoError(description: "\(image) cannot be read")
        }
        let bytes = [UInt8](file)
        guard let offset = Self.fileOffset(of: address, in: bytes), offset + UInt64(count) <= UInt64(bytes.count),
            let place = try Self.mappedAddress(of: offset, image: image, pid: pid)
        else { throw DemoError(description: "\(image) has nothing at \(String(address, radix: 16))") }
        inFile = Array(bytes[Int(offset)..<Int(offset) + count])
        inProcess = try Self.memory(of: pid, at: place, count: count)
    }

    /// The file offset of a virtual address: the loadable segment (type 1) that holds it.
    private static func fileOffset(of address: UInt64, in file: [UInt8]) -> UInt64? {
        func word(_ at: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(file[at + $1]) << (8 * UInt64($1)) } }
        func half(_ at: Int) -> Int { Int(file[at]) | Int(file[at + 1]) << 8 }
        guard file.count > 64 else { return nil }
        for index in 0..<half(56) {
            let header = Int(word(32)) + index * half(54)
            let (offset, start, size) = (word(header + 8), word(header + 16), word(header + 32))
            if half(header) == 1, start <= address, address < start + size { return address - start + offset }
        }
        return nil
    }

    /// Where a process has mapped this offset of the image.
    private static func mappedAddress(of offset: UInt64, image: String, pid: Int32) throws -> UInt64? {
        // A file handle reads to the end; other ways stop at the first short read, which is a page here.
        guard let file = FileHandle(forReadingAtPath: "/proc/\(pid)/maps"), let data = try file.readToEnd() else {
            return nil
        }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where line.hasSuffix(image) {
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            let range = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard range.count == 2, fields[1].contains("x"), let start = UInt64(fields[2], radix: 16) else { continue }
            if start <= offset, offset < start + (range[1] - range[0]) { return range[0] + offset - start }
        }
        return nil
    }

    /// Reads memory of a child of ours.
    private static func memory(of pid: Int32, at address: UInt64, count: Int) throws -> [UInt8] {
        let descriptor = open("/proc/\(pid)/mem", O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        guard descriptor >= 0, pread(descriptor, &bytes, count, off_t(address)) == count else {
            throw DemoError(description: "/proc/\(pid)/mem: \(String(cString: strerror(errno)))")
        }
        return bytes
    }

    /// Bytes as people write them.
    static func text(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined(separator: " ") }
}
