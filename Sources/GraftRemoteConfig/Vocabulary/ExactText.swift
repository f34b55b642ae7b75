// ExactText: text that is equal byte by byte.
//
// Owns one rule: a path is what its bytes are. `String` takes texts that differ in normalisation for equal, and then one
// file could stand for another. A thousand configurations are compared tens of thousands of times: by memcmp.

internal import Glibc

/// Text as a key: equal when its UTF-8 is, and ordered by it.
struct ExactText: Hashable, Comparable, Sendable {
    /// The text.
    let text: String

    /// This text.
    init(_ text: String) { self.text = text }

    /// Whether the bytes are equal.
    static func == (left: Self, right: Self) -> Bool {
        left.withBytes { left in
            right.withBytes { right in left.count == right.count && Self.difference(left, right) == 0 }
        }
    }

    /// The order of the bytes.
    static func < (left: Self, right: Self) -> Bool {
        left.withBytes { left in
            right.withBytes { right in
                let difference = Self.difference(left, right)
                return difference < 0 || difference == 0 && left.count < right.count
            }
        }
    }

    /// By the bytes.
    func hash(into hasher: inout Hasher) { withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) } }

    /// Below, at or above zero, by the first bytes that differ, as far as both go.
    private static func difference(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int32 {
        guard let start = left.baseAddress, let other = right.baseAddress else { return 0 }
        return memcmp(start, other, min(left.count, right.count))
    }

    /// The UTF-8, where it is.
    private func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = text
        return copy.withUTF8(body)
    }
}
