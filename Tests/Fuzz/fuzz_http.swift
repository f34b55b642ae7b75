// fuzz_http: the reader of an agent's answers, for any bytes cut in any way.
//
// Build: make build/fuzz/fuzz_http. Run: SWIFT_BACKTRACE=enable=no build/fuzz/fuzz_http Tests/Fuzz/corpus/http
// The first byte of an input chooses the cuts; the rest is what the agent sends. Beyond the absence of crashes it claims: the
// answer, or the error with its place, is the same whether the bytes come at once, one by one or in pieces; what follows a
// whole answer changes nothing; no limit is passed; an error's place is inside what was sent.

/// What came of reading.
enum Reading: Equatable {
    /// An answer, and where it ended.
    case whole(HTTPResponse, Int)
    /// No answer yet.
    case partial
    /// None ever.
    case refused(TransportError)
}

/// Limits that an input of some hundred bytes can reach.
func smallLimits() -> HTTPResponseLimits {
    var limits = HTTPResponseLimits()
    limits.headBytes = 256
    limits.fields = 6
    limits.bodyBytes = 96
    limits.interimAnswers = 2
    limits.chunkLineBytes = 16
    return limits
}

/// Reads pieces of the lengths that `next` gives.
func read(_ bytes: ArraySlice<UInt8>, ends: Bool, _ next: () -> Int) -> Reading {
    var parser = HTTPResponseParser(limits: smallLimits())
    var rest = bytes
    do throws(TransportError) {
        while !rest.isEmpty, parser.response == nil {
            let piece = rest.prefix(max(next(), 1))
            rest = rest.dropFirst(piece.count)
            _ = try parser.feed(piece)
        }
        if ends { try parser.end() }
    } catch {
        guard (0...bytes.count).contains(error.offset ?? 0) else {
            fatalError("the place of \(error) is not in the text")
        }
        return .refused(error)
    }
    guard let response = parser.response else { return .partial }
    return .whole(response, parser.offset)
}

/// One input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let all = Array(UnsafeBufferPointer(start: data, count: count))
    let bytes = all[1...]
    for ends in [true, false] {
        let whole = read(bytes, ends: ends) { bytes.count }
        var state = UInt32(all[0])
        let pieces = read(bytes, ends: ends) {
            state = state &* 1_664_525 &+ 1_013_904_223
            return Int(state >> 28)
        }
        guard whole == pieces, whole == read(bytes, ends: ends, { 1 }) else { fatalError("cuts make a difference") }
        check(whole, bytes)
    }
    return 0
}

/// Holds an answer to what is said of answers.
func check(_ reading: Reading, _ bytes: ArraySlice<UInt8>) {
    guard case .whole(let response, let end) = reading else { return }
    guard (200...599).contains(response.status), response.body.count <= 96, response.fields.count <= 6 else {
        fatalError("an answer is past the limits: \(response)")
    }
    guard end <= bytes.count, read(bytes.prefix(end), ends: true, { bytes.count }) == reading else {
        fatalError("what follows an answer makes a difference")
    }
    _ = (response.fields["Content-Length"], response.fields["X"])
}
