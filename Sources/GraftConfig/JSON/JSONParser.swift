// JSONParser: from bytes to a tape, by the grammar of RFC 8259.
//
// Owns arrays, objects, the limits, and the path to where it is. It keeps its own stack of open arrays and objects, so
// that no text, however deep, uses more of the thread's stack. Tokens are JSONScanner's, equal keys
// JSONDuplicateKeys'. On a fault it ends; what it holds then is only good for finding the path.

/// One run over one text.
struct JSONParser {
    /// An array or object whose end has not come yet.
    private struct Open {
        /// Its node.
        var node: Int
        /// Elements or members that have begun.
        var count = 0
        /// The node of the last key that was read, in an object.
        var key = 0
        /// Whether it is an object.
        var isObject: Bool
    }

    /// What has been read.
    private(set) var tape: [JSONTapeNode] = []
    private var scanner: JSONScanner
    private var open: [Open] = []
    private let limits: JSONLimits
    /// Whether the innermost open array or object is in the middle of an element: then a fault belongs to the element.
    private var isInElement = false

    /// A parser for `text`, which stays valid while it runs.
    init(_ text: UnsafeRawBufferPointer, limits: JSONLimits) {
        scanner = JSONScanner(text)
        self.limits = limits
    }

    /// Reads the whole text.
    mutating func run() throws(JSONFault) {
        guard scanner.text.count <= limits.bytes else {
            throw JSONFault("the text is longer than \(limits.bytes) bytes", at: 0, code: .limit)
        }
        if scanner.byte == 0xEF, scanner.byte(at: 1) == 0xBB, scanner.byte(at: 2) == 0xBF {
            throw JSONFault("the text begins with a byte order mark, which JSON does not have", at: 0)
        }
        tape.reserveCapacity(min(scanner.text.count / 16, limits.values))
        scanner.skipWhitespace()
        if scanner.isAtEnd { throw JSONFault("the text is empty", at: scanner.position) }
        try value()
        while !open.isEmpty { try continueContainer() }
        scanner.skipWhitespace()
        guard scanner.isAtEnd else { throw JSONFault("nothing may follow the value", at: scanner.position) }
    }

    /// The path to where it stopped.
    func path(in bytes: [UInt8]) -> JSONPath {
        var steps: [JSONPath.Step] = []
        for (depth, container) in open.enumerated() where container.count > 0 {
            if depth == open.count - 1 && !isInElement { break }
            let key = tape[container.key]
            steps.append(container.isObject ? .key(key.string(in: bytes)) : .index(container.count - 1))
        }
        return JSONPath(steps)
    }
}

// MARK: The grammar

extension JSONParser {
    /// Reads the next element or member of the innermost open array or object, or its end.
    private mutating func continueContainer() throws(JSONFault) {
        let last = open.count - 1
        let isObject = open[last].isObject
        scanner.skipWhitespace()
        if scanner.take(isObject ? "}" : "]") { return try close() }
        if open[last].count > 0 {
            guard scanner.take(",") else { throw unfinished(isObject) }
            scanner.skipWhitespace()
        } else if scanner.isAtEnd {
            throw unfinished(isObject)
        }
        if isObject { try key() }
        open[last].count += 1
        isInElement = true
        try value()
    }

    /// What to say where neither a comma nor the end of an array or object comes.
    private func unfinished(_ isObject: Bool) -> JSONFault {
        let end = isObject ? "'}'" : "']'"
        guard !scanner.isAtEnd else {
            return JSONFault("the text ends before the \(isObject ? "object" : "array") does", at: scanner.position)
        }
        return JSONFault("a comma or \(end) is expected", at: scanner.position)
    }

    /// Reads a key and its colon.
    private mutating func key() throws(JSONFault) {
        guard scanner.byte == UInt8(ascii: "\"") else {
            throw JSONFault("a key in double quotes is expected", at: scanner.position)
        }
        let node = tape.count
        try string()
        open[open.count - 1].key = node
        scanner.skipWhitespace()
        guard scanner.take(":") else { throw JSONFault("a colon must follow the key", at: scanner.position) }
        scanner.skipWhitespace()
    }

    /// Reads a scalar value, or the beginning of an array or object.
    private mutating func value() throws(JSONFault) {
        let start = scanner.position
        switch scanner.byte {
        case UInt8(ascii: "\""):
            try string()
        case UInt8(ascii: "{"):
            return try begin(.object)
        case UInt8(ascii: "["):
            return try begin(.array)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try append(try scanner.number() ? .integer : .number, from: start)
        case UInt8(ascii: "t"):
            try scanner.literal("true")
            try append(.true, from: start)
        case UInt8(ascii: "f"):
            try scanner.literal("false")
            try append(.false, from: start)
        case UInt8(ascii: "n"):
            try scanner.literal("null")
            try append(.null, from: start)
        default:
            let end = "the text ends where a value is expected"
            throw JSONFault(scanner.isAtEnd ? end : "a value is expected", at: start)
        }
        isInElement = false
    }

    /// Reads a string, as value or key.
    private mutating func string() throws(JSONFault) {
        let start = scanner.position
        try append(try scanner.string() ? .escapedString : .string, from: start)
    }

    /// Reads the opening bracket of an array or object.
    private mutating func begin(_ kind: JSONTapeKind) throws(JSONFault) {
        guard open.count < limits.depth else {
            let message = "more than \(limits.depth) arrays and objects inside each other"
            throw JSONFault(message, at: scanner.position, code: .limit)
        }
        let start = scanner.position
        scanner.skip()
        open.append(Open(node: tape.count, isObject: kind == .object))
        isInElement = false
        try append(kind, from: start)
    }

    /// Completes the innermost open array or object, whose closing bracket has been read.
    private mutating func close() throws(JSONFault) {
        let container = open[open.count - 1]
        tape[container.node].end = UInt32(scanner.position)
        tape[container.node].next = UInt32(tape.count)
        if container.isObject && container.count > 1 {
            let count = container.count
            if let duplicate = JSONDuplicateKeys.first(inObject: container.node, count: count, tape, scanner.text) {
                let key = String(decoding: tape[duplicate].text(in: scanner.text), as: UTF8.self)
                let offset = Int(tape[duplicate].start)
                throw JSONFault("the key \"\(key)\" is in this object twice", at: offset, code: .duplicateKey)
            }
        }
        open.removeLast()
        isInElement = false
    }

    /// Adds a node for the token between `start` and the position.
    private mutating func append(_ kind: JSONTapeKind, from start: Int) throws(JSONFault) {
        guard tape.count < limits.values else {
            throw JSONFault("more than \(limits.values) values in one text", at: start, code: .limit)
        }
        let next = UInt32(tape.count + 1)
        tape.append(JSONTapeNode(start: UInt32(start), end: UInt32(scanner.position), next: next, kind: kind))
    }
}
