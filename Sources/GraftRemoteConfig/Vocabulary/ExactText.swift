// ExactText: text that is equal byte by byte.
//
// Owns one rule: a path is what its bytes are. `String` takes texts that differ in normalisation for equal, and then one
// file could stand for another.

/// Text as a key: equal when its UTF-8 is.
struct ExactText: Hashable, Sendable {
    /// The text.
    let text: String

    /// This text.
    init(_ text: String) { self.text = text }

    /// Whether the bytes are equal.
    static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    /// By the bytes.
    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
