// fuzz_json: the JSON reader, walked, written and read again, for any bytes.
//
// Build: swiftc -O -sanitize=fuzzer,address -parse-as-library Tests/Fuzz/fuzz_json.swift Sources/GraftConfig/ConfigError.swift
//        Sources/GraftConfig/JSON/*.swift -o fuzz_json
// Run:   SWIFT_BACKTRACE=enable=no ./fuzz_json -max_total_time=30
// Beyond the absence of crashes it claims: the error's place is inside the text; each value's text is at its place;
// what is written reads back as the same value; writing that gives the same bytes.

/// One input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    do throws(ConfigError) {
        let document = try JSONDocument.parse(bytes)
        walk(document.root, bytes)
        roundTrip(document.root.value)
    } catch {
        guard let place = error.place, (0...count).contains(place.offset), place.line >= 1, place.column >= 1 else {
            fatalError("the place of \(error) is outside the text")
        }
        _ = error.description
    }
    return 0
}

/// Looks at every value.
func walk(_ node: JSONNode, _ bytes: [UInt8]) {
    guard node.source.startIndex == node.offset, node.source.endIndex <= bytes.count, !node.source.isEmpty else {
        fatalError("a value's text is not at its place")
    }
    if bytes.count < 256, node.path.steps.count > JSONLimits.maximumDepth {
        fatalError("a path is deeper than the limit")
    }
    _ = (node.string, node.integer, node.number, node.isExact)
    if let elements = node.elements { for element in elements { walk(element, bytes) } }
    if let members = node.members { for member in members { walk(member.value, bytes) } }
}

/// Writes a value and reads it again.
func roundTrip(_ value: JSONValue) {
    for style in [JSONWriter.Style.compact, .pretty] {
        let written = JSONWriter.bytes(value, style: style)
        guard let back = try? JSONDocument.parse(written).root.value else { fatalError("what was written is refused") }
        guard JSONWriter.bytes(back, style: style) == written else { fatalError("writing is not stable") }
    }
}
