// TableTests: the names of the Swift side are those of the C tables, read from the headers themselves.

import Foundation
import Graft
import Testing

@Suite("The Swift names")
struct TableTests {
    /// The quoted names in the rows `X(name, "slug"…` of a header.
    private func rows(of header: String) throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("include/graft/\(header)"), encoding: .utf8)
        return text.matches(of: #/^ +X\(\w+, "([^"]+)"/#.anchorsMatchLineEndings()).map { String($0.1) }
    }

    @Test("of the counters are those of the C table, in its order")
    func counters() throws {
        #expect(Counters().named.map(\.name) == (try rows(of: "probe.h")))
    }

    @Test("of the error codes are those of the C table")
    func codes() throws {
        let known: [GraftError.Code] = [
            .invalidArgument, .notStarted, .noSuchProbe, .inHandler, .targetSyntax, .targetTooLong, .targetTooBroad,
            .notFound, .signatureSyntax, .signatureLimit, .tooShort, .branchIntoPatch, .notCode, .notRelocatable,
            .ifunc, .denied, .noExit, .noSpaceNear,
            .unsafeThreads, .foreignPatch, .imageGone, .signatureMismatch, .signatureUnknown, .aroundTaken,
            .unsupported, .limitProbes, .limitAttachments, .limitQueue,
            .stale, .duplicate, .superseded, .cancelled, .noMemory, .os, .writeDenied, .badImage,
        ]
        #expect(["ok"] + known.map(\.rawValue) == (try rows(of: "status.h")))
    }

    @Test("of an entry point's identifier are the C ones")
    func identifier() {
        let entry = EntryPoint(offset: 0x1234, image: "/lib/libpq.so.5", buildID: "b1946ac9", symbol: "PQexec")
        #expect(entry.identifier == "b1946ac9+0x1234:PQexec")
    }

    @Test("tell the version")
    func version() { #expect(Instrumentation.version.split(separator: ".").count == 3) }
}
