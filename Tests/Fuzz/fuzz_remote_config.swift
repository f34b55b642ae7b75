// fuzz_remote_config: the reader of answers and the grammar of paths, for any bytes.
//
// Build: `make build/fuzz/fuzz_remote_config`; GraftConfig is built as a module of its own beside it.
// Run:   SWIFT_BACKTRACE=enable=no ./fuzz_remote_config -max_total_time=30
// An input is an answer of the agent, whole. Its second life is as the targets inside an answer that is otherwise right,
// and its third as a path. Beyond the absence of crashes it claims: an answer that is refused changes nothing; what is in
// force is verified, wanted and acknowledged as such; requests can be read back; a path is what its parts make.

internal import GraftConfig

/// One input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    check(bytes)
    check(JSONWriter.bytes(wrapped(bytes)))
    checkPath(String(decoding: bytes, as: UTF8.self))
    return 0
}

/// The bytes as the targets of an answer that assigns and sends one file.
private func wrapped(_ bytes: [UInt8]) -> JSONValue {
    let path = JSONValue.string("datadog/2/ASM/id/config")
    return [
        "targets": .string(Base64.text(of: bytes)), "client_configs": [path],
        "target_files": [["path": path, "raw": "e30="]],
    ]
}

/// Takes an answer in, twice, after a good one.
private func check(_ body: [UInt8]) {
    var state = RemoteConfigState(
        clientID: "client", tracer: ClientTracer(runtimeID: "runtime", tracerVersion: "1.0.0"), asksInfo: false)
    state.enable("ASM")
    for _ in 0..<2 {
        let before = state.request
        let exchange = state.nextExchange()
        let outcome = state.receive(.response(status: 200, body: body), to: exchange)
        if case .refused = outcome.verdict {
            guard outcome.changes.isEmpty, state.request.cachedFiles == before.cachedFiles, state.request.error != nil
            else { fatalError("a refused answer has changed something") }
        }
        for payload in state.payloads {
            guard let content = payload.bytes, SHA256.digest(of: content) == payload.metadata.sha256,
                content.count == payload.metadata.length, payload.path.product == "ASM"
            else { fatalError("something is in force that is not verified") }
        }
        guard (try? JSONDocument.parse(state.request.bytes)) != nil else { fatalError("a request cannot be read") }
        guard state.request.configStates.allSatisfy({ ($0.acknowledgement.applyError ?? "").utf8.count <= 256 }) else {
            fatalError("an error is too long")
        }
    }
}

/// Reads a path and puts it together again.
private func checkPath(_ text: String) {
    guard let path = try? ConfigPath(text) else { return }
    let head =
        switch path.source {
        case .employee: "employee"
        case .datadog:
            "datadog/\(text.utf8.split(separator: UInt8(ascii: "/"))[1].map { String(UnicodeScalar($0)) }.joined())"
        }
    let whole = "\(head)/\(path.product)/\(path.id)/\(path.name)"
    guard whole.utf8.elementsEqual(text.utf8) else { fatalError("a path is not what its parts make") }
}
