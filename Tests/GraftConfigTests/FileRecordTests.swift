// The state machine of one path.

import Testing

@testable import GraftConfig

@Suite struct FileRecordTests {
    private let a = ContentDigest([1])
    private let b = ContentDigest([2])
    private let error = ConfigError(.syntax, "bad")

    @Test("digests are equal when bytes are")
    func comparesDigests() {
        #expect(ContentDigest([1, 2]) == ContentDigest([1, 2]))
        #expect(ContentDigest([1, 2]) != ContentDigest([2, 1]))
        #expect(ContentDigest([]) != ContentDigest([0]))
    }

    @Test("good content counts at once and once")
    func acceptsGood() {
        var record = FileRecord()
        #expect(record.take(.good(a), at: 0, settling: 10) == .changed)
        #expect(record.take(.good(a), at: 1, settling: 10) == .nothing)
        #expect(record.take(.good(b), at: 2, settling: 10) == .changed)
        #expect(record.deadline(settling: 10) == nil)
    }

    @Test("what is bad counts when it has stayed the same, and a change begins the wait anew")
    func waitsWithBad() {
        var record = FileRecord()
        #expect(record.take(.bad(error, a), at: 0, settling: 10) == .nothing)
        #expect(record.deadline(settling: 10) == 10)
        #expect(record.take(.bad(error, b), at: 9, settling: 10) == .nothing)
        #expect(record.take(.bad(error, b), at: 18, settling: 10) == .nothing)
        #expect(record.take(.changing, at: 19, settling: 10) == .nothing)
        #expect(record.take(.bad(error, b), at: 20, settling: 10) == .nothing)
        #expect(record.take(.bad(error, b), at: 30, settling: 10) == .problem(error))
        #expect(record.deadline(settling: 10) == nil)
        #expect(record.take(.bad(error, a), at: 31, settling: 10) == .nothing)
        #expect(!record.isSuspect)
    }

    @Test("a problem ends with good content, with the old content, and with the file")
    func endsProblems() {
        func troubled(_ digest: ContentDigest?) -> FileRecord {
            var record = FileRecord()
            if let digest { _ = record.take(.good(digest), at: 0, settling: 0) }
            _ = record.take(.bad(error, nil), at: 0, settling: 0)
            #expect(record.take(.bad(error, nil), at: 0, settling: 0) == .problem(error))
            return record
        }
        var record = troubled(a)
        #expect(record.take(.good(b), at: 1, settling: 10) == .changed && record.told == nil)
        record = troubled(a)
        #expect(record.take(.good(a), at: 1, settling: 10) == .cleared)
        record = troubled(nil)
        #expect(record.take(.absent, at: 1, settling: 10) == .cleared && record.isBlank)
        record = troubled(a)
        #expect(record.take(.absent, at: 1, settling: 10) == .nothing)
        #expect(record.take(.absent, at: 11, settling: 10) == .removed && record.isBlank)
    }

    @Test("what was told still stands after something half-done has passed")
    func keepsWhatWasTold() {
        var record = FileRecord()
        _ = record.take(.bad(error, nil), at: 0, settling: 0)
        _ = record.take(.bad(error, nil), at: 0, settling: 0)
        #expect(record.take(.changing, at: 1, settling: 10) == .nothing)
        #expect(record.take(.bad(error, a), at: 2, settling: 10) == .nothing)
        #expect(record.told == error && !record.isSuspect)
    }
}
