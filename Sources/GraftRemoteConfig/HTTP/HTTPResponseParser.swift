// HTTPResponseParser: reads an HTTP/1.1 answer from bytes as they come.
//
// Owns the state between two pieces. It has no socket and no clock, and how the bytes are cut into pieces makes no
// difference: the fuzzer holds it to that. Strict (HTTPResponseLine, HTTPResponseFraming), within limits
// (HTTPResponseLimits), and every error names the place of the byte to blame. What comes after the end is left alone: a
// connection carries one answer. Neighbour: AgentClient feeds it.

/// Reads one answer.
///
/// ```swift
/// var parser = HTTPResponseParser()
/// while try !parser.feed(bytes) { … }
/// ```
package struct HTTPResponseParser: Sendable {
    /// Where in the answer the next byte is.
    private enum State: Sendable {
        /// In the status line. → field
        case statusLine
        /// In a line of the head. → field, statusLine after an interim answer, body, chunkSize, untilClose, complete
        case field
        /// In a body of which this much is missing. → complete
        case body(left: Int)
        /// In the line with a chunk's size. → chunk, trailer
        case chunkSize
        /// In a chunk of which this much is missing. → chunkEnd
        case chunk(left: Int)
        /// In the empty line after a chunk. → chunkSize
        case chunkEnd
        /// In a line after the last chunk. → trailer, complete
        case trailer
        /// In a body that ends with the connection. → complete
        case untilClose
        /// Behind the answer.
        case complete
    }

    /// How much is read at most.
    private let limits: HTTPResponseLimits
    /// Where the next byte is.
    private var state = State.statusLine
    /// What there is of the answer.
    private var answer = HTTPResponse(status: 0)
    /// Whether the agent speaks HTTP/1.0.
    private var isOld = false
    /// The line that is being read.
    private var line: [UInt8] = []
    /// Bytes of lines so far, those that say chunks' sizes left out.
    private var headBytes = 0
    /// Fields of this head, or of the trailer.
    private var fieldCount = 0
    /// Interim answers so far.
    private var interimAnswers = 0
    /// Bytes that were taken: the place of the next one.
    package private(set) var offset = 0

    /// A reader of one answer to `GET` or `POST`.
    package init(limits: HTTPResponseLimits = HTTPResponseLimits()) { self.limits = limits }

    /// The answer, once it is whole.
    package var response: HTTPResponse? {
        guard case .complete = state else { return nil }
        return answer
    }

    /// Takes the next bytes; whether the answer is whole now. After an error the reader is of no further use.
    package mutating func feed(_ bytes: ArraySlice<UInt8>) throws(TransportError) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            switch state {
            case .complete: return true
            case .body(let left): state = after(left - takeBody(&rest, upTo: left), .complete) { .body(left: $0) }
            case .chunk(let left): state = after(left - takeBody(&rest, upTo: left), .chunkEnd) { .chunk(left: $0) }
            case .untilClose: try takeUntilClose(&rest)
            case .statusLine, .field, .chunkSize, .chunkEnd, .trailer: try takeLine(&rest)
            }
        }
        return response != nil
    }

    /// The connection has ended. Throws when the answer has not.
    package mutating func end() throws(TransportError) {
        switch state {
        case .complete: return
        case .untilClose: state = .complete
        case .statusLine where offset == 0:
            throw TransportError(.closed, "the agent closed the connection without an answer")
        case .statusLine, .field:
            throw TransportError(.closed, "the agent closed the connection inside the head", offset: offset)
        case .body(let left):
            throw TransportError(
                .closed, "the agent closed the connection \(left) bytes before the body's end", offset: offset)
        case .chunkSize, .chunk, .chunkEnd, .trailer:
            throw TransportError(.closed, "the agent closed the connection before the last chunk", offset: offset)
        }
    }

    // MARK: Bodies

    /// The state when `left` bytes are missing: `done` when none is.
    private func after(_ left: Int, _ done: State, _ more: (Int) -> State) -> State { left == 0 ? done : more(left) }

    /// Moves at most `count` bytes into the body; how many.
    private mutating func takeBody(_ rest: inout ArraySlice<UInt8>, upTo count: Int) -> Int {
        let piece = rest.prefix(count)
        answer.body += piece
        rest = rest.dropFirst(piece.count)
        offset += piece.count
        return piece.count
    }

    /// Moves everything into the body.
    private mutating func takeUntilClose(_ rest: inout ArraySlice<UInt8>) throws(TransportError) {
        let room = limits.bodyBytes - answer.body.count
        guard rest.count <= room else { throw bodyTooLong(at: offset + room) }
        _ = takeBody(&rest, upTo: rest.count)
    }

    /// The error of a body that is too long.
    private func bodyTooLong(at offset: Int) -> TransportError {
        TransportError(.limit, "the body is longer than \(limits.bodyBytes) bytes", offset: offset)
    }

    // MARK: Lines

    /// Takes bytes up to the end of the line, and what the line says if its end was among them.
    private mutating func takeLine(_ rest: inout ArraySlice<UInt8>) throws(TransportError) {
        let newline = rest.firstIndex(of: UInt8(ascii: "\n"))
        let piece = rest[..<(newline.map { $0 + 1 } ?? rest.endIndex)]
        try checkRoom(for: piece.count)
        offset += piece.count
        rest = rest[piece.endIndex...]
        guard newline != nil else {
            line += piece
            return
        }
        // A line that came in one piece is read where it is.
        let whole = line.isEmpty ? piece : (line + piece)[...]
        line = []
        guard whole.count > 1, whole[whole.endIndex - 2] == UInt8(ascii: "\r") else {
            throw TransportError(.malformed, "a line does not end with CR LF", offset: offset - 1)
        }
        try follow(HTTPResponseLine(bytes: whole.dropLast(2), offset: offset - whole.count))
    }

    /// Refuses a line that is too long.
    private mutating func checkRoom(for count: Int) throws(TransportError) {
        if case .chunkSize = state {
            let room = limits.chunkLineBytes - line.count
            guard count <= room else {
                throw TransportError(
                    .limit, "the line of a chunk's size is longer than \(limits.chunkLineBytes) bytes",
                    offset: offset + room)
            }
            return
        }
        if case .chunkEnd = state {
            // Two bytes, or something else than the end of the chunk.
            guard line.count + count <= 2 else {
                throw TransportError(
                    .malformed, "a chunk does not end where its size says", offset: offset - line.count)
            }
            return
        }
        let room = limits.headBytes - headBytes
        guard count <= room else {
            throw TransportError(.limit, "the head is longer than \(limits.headBytes) bytes", offset: offset + room)
        }
        headBytes += count
    }

    /// Does what a line says.
    private mutating func follow(_ line: HTTPResponseLine) throws(TransportError) {
        switch state {
        case .statusLine:
            (answer.status, isOld) = try line.status()
            state = .field
        case .field where line.bytes.isEmpty: try endHead(at: line.offset)
        case .field:
            let field = try countedField(line)
            answer.fields.append(name: field.name, value: field.value)
        case .chunkSize: try beginChunk(line)
        case .chunkEnd: state = .chunkSize
        case .trailer where line.bytes.isEmpty: state = .complete
        case .trailer: _ = try countedField(line)
        case .body, .chunk, .untilClose, .complete: assertionFailure("these have no lines")
        }
    }

    /// A field, if there may be one more.
    private mutating func countedField(
        _ line: HTTPResponseLine
    ) throws(TransportError) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
        guard fieldCount < limits.fields else {
            throw TransportError(.limit, "there are more than \(limits.fields) fields", offset: line.offset)
        }
        fieldCount += 1
        return try line.field()
    }

    /// The head is whole; `place` is that of the empty line.
    private mutating func endHead(at place: Int) throws(TransportError) {
        fieldCount = 0
        guard answer.status >= 200 else { return try endInterim(at: place) }
        let framing: HTTPResponseFraming
        do throws(TransportError) {
            framing = try HTTPResponseFraming(answer, isOld: isOld)
        } catch {
            throw TransportError(error.code, error.message, offset: place)
        }
        switch framing {
        case .none, .length(0): state = .complete
        case .chunked: state = .chunkSize
        case .untilClose: state = .untilClose
        case .length(let length):
            guard length <= limits.bodyBytes else { throw bodyTooLong(at: place) }
            answer.body.reserveCapacity(length)
            state = .body(left: length)
        }
    }

    /// An interim answer is whole; the next one follows.
    private mutating func endInterim(at place: Int) throws(TransportError) {
        guard answer.status != 101 else {
            throw TransportError(.malformed, "the agent wants to speak another protocol", offset: place)
        }
        guard interimAnswers < limits.interimAnswers else {
            throw TransportError(.limit, "there are more than \(limits.interimAnswers) interim answers", offset: place)
        }
        interimAnswers += 1
        answer = HTTPResponse(status: 0)
        state = .statusLine
    }

    /// A chunk begins, or the last one has been.
    private mutating func beginChunk(_ line: HTTPResponseLine) throws(TransportError) {
        let size = try line.chunkSize()
        guard size <= limits.bodyBytes - answer.body.count else { throw bodyTooLong(at: line.offset) }
        state = size == 0 ? .trailer : .chunk(left: size)
    }
}
