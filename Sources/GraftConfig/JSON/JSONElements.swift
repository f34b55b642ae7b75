// JSONElements: what is inside an array or object of a read text, one after the other.
//
// Owns the two sequences over the tape. Each is its own iterator: a value of a few words, nothing is allocated for
// the walk itself. Neighbours: JSONNode hands them out.

/// The elements of an array, in order.
public struct JSONElements: Sequence, IteratorProtocol, Sendable {
    /// The document that they are in.
    let document: JSONDocument
    /// The node of the next element.
    var position: Int
    /// The node after the array.
    let end: Int

    /// The next element.
    public mutating func next() -> JSONNode? {
        guard position < end else { return nil }
        defer { position = Int(document.tape[position].next) }
        return JSONNode(document: document, index: position)
    }
}

/// The members of an object, in the order of the text.
public struct JSONMembers: Sequence, IteratorProtocol, Sendable {
    /// One key and its value.
    public struct Element: Sendable {
        /// The key.
        public var key: String
        /// The value.
        public var value: JSONNode
        /// The key as a string of the document, for errors that are about the key.
        public var keyNode: JSONNode
    }

    /// The document that they are in.
    let document: JSONDocument
    /// The node of the next key.
    var position: Int
    /// The node after the object.
    let end: Int

    /// The next member.
    public mutating func next() -> Element? {
        guard position < end else { return nil }
        let key = JSONNode(document: document, index: position)
        let value = JSONNode(document: document, index: position + 1)
        position = Int(document.tape[position + 1].next)
        return Element(key: key.string ?? "", value: value, keyNode: key)
    }
}
