// fuzz_stream_cache: the reader of a file of the last configuration, for any bytes.
//
// Build: `make build/fuzz/fuzz_stream_cache`; GraftConfig is built as a module of its own beside it.
// Run:   SWIFT_BACKTRACE=enable=no ./fuzz_stream_cache -max_total_time=30
// An input is a file, whole. Its second life is as a file with the digest that belongs to it, which chance would not find. Beyond
// the absence of crashes it claims: what is read can be written, and is then read as the same; and what is withheld from it once is
// all that is to be withheld.

internal import GraftConfig

/// Limits at which an input soon is.
private let format = StreamCacheFormat(bytesMax: 1 << 12, settingsMax: 16, valuesMax: 64)
/// The usual secrets.
private let secrets = StreamSecrets()

/// One input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    check(bytes)
    check(bytes + StreamCacheFormat.digestLine(of: bytes[...]))
    return 0
}

/// Reads bytes, writes what was read, and reads that.
private func check(_ bytes: [UInt8]) {
    guard let read = try? StreamCacheParser.configuration(in: bytes, format) else { return }
    // It may grow: what a person would write shorter is written with all its escapes and digits.
    let roomy = StreamCacheFormat(bytesMax: 1 << 20, settingsMax: 16, valuesMax: 64)
    do {
        let again = try StreamCacheParser.configuration(in: try roomy.bytes(of: read), roomy)
        guard again == read else { fatalError("what was written is read as something else") }
    } catch {
        fatalError("what was read cannot be written and read: \(error)")
    }
    let once = secrets.withhold(from: read.settings).kept
    let twice = secrets.withhold(from: once)
    guard twice.withheld == 0, twice.kept == once else { fatalError("a secret was left") }
}
