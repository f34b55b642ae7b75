// fuzz_cache: the reader of a cache's bytes, for any bytes.
//
// Build: `make build/fuzz/fuzz_cache`; GraftConfig is built as a module of its own beside it.
// Run:   SWIFT_BACKTRACE=enable=no ./fuzz_cache -max_total_time=30
// An input is a cache, whole. Its second life is as a cache with the digest that belongs to it, which chance would not find. Beyond
// the absence of crashes it claims: what is read is verified, and written again it is the same bytes.

internal import GraftConfig

/// The reader. Inputs that are to go deep begin with its identity.
private let format = CacheFormat(
    identity: CacheIdentity(service: "s", environment: "e"), limits: RemoteConfigLimits())

/// One input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    check(bytes)
    check(bytes + SHA256.digest(of: bytes).bytes)
    return 0
}

/// Reads bytes, and writes what was read.
private func check(_ bytes: [UInt8]) {
    guard let payloads = try? format.payloads(in: bytes) else { return }
    for payload in payloads {
        guard let content = payload.bytes, SHA256.digest(of: content) == payload.metadata.sha256,
            content.count == payload.metadata.length, !payload.isRemoval
        else { fatalError("something was read that is not verified") }
    }
    guard format.bytes(of: payloads) == bytes else { fatalError("what was read is written in another way") }
}
