// Inotify: the kernel's news about directories, undigested.
//
// Owns the descriptor, the calls and the layout of `struct inotify_event`. What the news mean is DirectoryWatch's
// business. Reads are bounded, so that a flood of news cannot keep the caller busy.

internal import Glibc

/// An inotify instance.
struct Inotify: ~Copyable {
    /// One piece of news.
    struct News {
        /// Which watch it is about; -1 when the kernel's queue was full and news were lost.
        var watch: Int32
        /// IN_… bits.
        var mask: UInt32
        /// The name in the directory; nil when it is about the directory itself, or is not UTF-8.
        var name: String?
    }

    /// Bytes that one read may bring.
    private static let readBytes = 64 << 10
    /// Reads in one go; what is left keeps the descriptor readable.
    private static let readsAtOnce = 4

    /// The instance's descriptor.
    let descriptor: Descriptor

    /// A new instance that watches nothing. `open` is `inotify_init1` except where a test lets it fail.
    init(_ open: () -> Int32) throws(SystemFailure) {
        descriptor = try Descriptor.lasting(open(), from: "inotify_init1")
    }

    /// Opens an instance.
    static func open() -> Int32 { inotify_init1(O_NONBLOCK | O_CLOEXEC) }

    /// Watches for the bits of `mask` in addition to what is watched for already. What has become a link or a file
    /// since it was seen as a directory is reported as missing.
    func add(_ directory: String, _ mask: UInt32) throws(SystemFailure) -> Int32 {
        let how = UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW) | UInt32(IN_MASK_ADD)
        let watch = inotify_add_watch(descriptor.number, directory, mask | how)
        guard watch >= 0 else { throw SystemFailure("inotify_add_watch") }
        return watch
    }

    /// Ends a watch. One that the kernel has ended already is no error.
    func remove(_ watch: Int32) { _ = inotify_rm_watch(descriptor.number, watch) }

    /// Calls `body` with the news that have come.
    func take(_ body: (News) -> Void) throws(SystemFailure) {
        var buffer = [UInt8](repeating: 0, count: Self.readBytes)
        for _ in 0..<Self.readsAtOnce {
            var failure: SystemFailure?
            let count: Int? = buffer.withUnsafeMutableBytes { bytes in
                do throws(SystemFailure) {
                    return try descriptor.read(into: bytes)
                } catch {
                    failure = error
                    return nil
                }
            }
            if let failure { throw failure }
            guard let count, count > 0 else { return }
            Self.decode(buffer[..<count], body)
        }
    }

    /// Splits what was read into news: a header of 16 bytes (watch, mask, cookie, length of the name) and the name,
    /// padded with zeros.
    private static func decode(_ bytes: ArraySlice<UInt8>, _ body: (News) -> Void) {
        let header = 16
        var rest = bytes
        while rest.count >= header {
            let (watch, mask, length) = rest.withUnsafeBytes { raw in
                (
                    raw.loadUnaligned(as: Int32.self), raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
                    Int(raw.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
                )
            }
            let name = rest.dropFirst(header).prefix(length).prefix { $0 != 0 }
            body(News(watch: watch, mask: mask, name: name.isEmpty ? nil : String(validating: name, as: UTF8.self)))
            rest = rest.dropFirst(header + length)
        }
    }
}
