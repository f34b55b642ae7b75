// HTTPResponseFraming: how long the body of an answer is.
//
// Owns the decision by status and fields (RFC 9112, section 6.3). Two statements about the length that could be read in two
// ways are refused: they are how answers are smuggled past whoever stands in between. Neighbour: HTTPResponseParser.

/// How the end of a body is known.
enum HTTPResponseFraming: Equatable {
    /// There is none, whatever the fields say.
    case none
    /// By its length.
    case length(Int)
    /// By a chunk of no bytes.
    case chunked
    /// By the end of the connection.
    case untilClose

    /// How the end of this answer's body is known. Throws an error without a place: the head as a whole is to blame, and its
    /// reader knows where that ends.
    init(_ response: HTTPResponse, isOld: Bool) throws(TransportError) {
        if response.status == 204 || response.status == 304 {
            self = .none
            return
        }
        try Self.checkEncoding(response.fields)
        let lengths = response.fields.values("Content-Length")
        let codings = response.fields.values("Transfer-Encoding")
        guard let coding = codings.first else {
            self = try lengths.isEmpty ? .untilClose : .length(Self.length(lengths))
            return
        }
        guard lengths.isEmpty else {
            throw TransportError(.malformed, "the answer has both a Content-Length and a Transfer-Encoding")
        }
        guard !isOld else { throw TransportError(.malformed, "HTTP/1.0 has no Transfer-Encoding") }
        guard codings.count == 1, HTTPFields.isEqual(coding, "chunked") else {
            throw TransportError(.malformed, "the Transfer-Encoding is not chunked alone")
        }
        self = .chunked
    }

    /// Refuses compression, which was not asked for.
    private static func checkEncoding(_ fields: HTTPFields) throws(TransportError) {
        for encoding in fields.values("Content-Encoding") where !HTTPFields.isEqual(encoding, "identity") {
            throw TransportError(.malformed, "the body is encoded, which was not asked for")
        }
    }

    /// The one number that all these say.
    private static func length(_ values: [ArraySlice<UInt8>]) throws(TransportError) -> Int {
        var length: Int?
        for value in values {
            let number = try number(value)
            guard length ?? number == number else {
                throw TransportError(.malformed, "the answer has two values of Content-Length")
            }
            length = number
        }
        return length ?? 0
    }

    /// A decimal number without a sign.
    private static func number(_ digits: ArraySlice<UInt8>) throws(TransportError) -> Int {
        guard !digits.isEmpty else { throw TransportError(.malformed, "the Content-Length is empty") }
        var number = 0
        for byte in digits {
            guard let digit = HTTPText.decimal(byte) else {
                throw TransportError(.malformed, "the Content-Length is no decimal number")
            }
            let (product, isHuge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isPast) = product.addingReportingOverflow(digit)
            guard !isHuge, !isPast else { throw TransportError(.malformed, "the Content-Length is past all bounds") }
            number = sum
        }
        return number
    }
}
