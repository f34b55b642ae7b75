// Credentials: what the two files of a core agent say, at the moment when a connection is made.
//
// Owns the reading of the token and of the certificate with its key. Never writes either, keeps nothing between two
// connections, and never shows what it has read: an error has the path and the reason only. Neighbours:
// GRPCStreamTransport.
#if ConfigStream

    internal import Glibc
    internal import GraftConfigStream

    /// The token and the certificate of one connection.
    struct Credentials {
        /// How long either file may be, in bytes; the real ones have 64 and about 800.
        static let fileBytesMax = 65_536

        /// The value of the metadata `authorization`.
        let authorization: String
        /// The certificates in PEM: the client's, and the only ones that it trusts.
        let certificates: [[UInt8]]
        /// The private key in PEM.
        let privateKey: [UInt8]

        /// Reads both files.
        ///
        /// - Throws: a `StreamFailure` of code `credentials` with the path and the reason.
        init(_ files: IPCFiles) throws(StreamFailure) {
            authorization = "Bearer \(try Self.token(files.authToken))"
            let blocks = Self.blocks(of: try Self.contents(of: files.certificate))
            certificates = blocks.filter { $0.label == "CERTIFICATE" }.map(\.text)
            guard !certificates.isEmpty else { throw Self.failure(files.certificate, "it has no certificate") }
            // `EC PRIVATE KEY` is what core agents write; a key in another form says so in the same place.
            guard let key = blocks.first(where: { $0.label.hasSuffix("PRIVATE KEY") }) else {
                throw Self.failure(files.certificate, "it has no private key")
            }
            privateKey = key.text
        }

        /// The token, without the white space around it.
        private static func token(_ path: String) throws(StreamFailure) -> String {
            let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
            let bytes = try contents(of: path)
            guard let first = bytes.firstIndex(where: { !isSpace($0) }),
                let last = bytes.lastIndex(where: { !isSpace($0) })
            else { throw failure(path, "it is empty") }
            let token = bytes[first...last]
            // Anything else could not travel as metadata.
            guard token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw failure(path, "it is not one word of printable characters")
            }
            return String(decoding: token, as: UTF8.self)
        }

        /// The blocks of a PEM file, in order: what stands between BEGIN and END, those lines included.
        private static func blocks(of file: [UInt8]) -> [(label: String, text: [UInt8])] {
            var blocks: [(label: String, text: [UInt8])] = []
            var label: String?
            var text: [UInt8] = []
            for line in file.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
                let words = String(decoding: line, as: UTF8.self)
                if words.hasPrefix("-----BEGIN "), words.hasSuffix("-----") {
                    label = String(words.dropFirst("-----BEGIN ".count).dropLast("-----".count))
                    text = []
                }
                guard let open = label else { continue }
                text += line + [0x0A]
                guard words == "-----END \(open)-----" else { continue }
                blocks.append((open, text))
                label = nil
            }
            return blocks
        }

        /// The bytes of a file.
        private static func contents(of path: String) throws(StreamFailure) -> [UInt8] {
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { throw failure(path, String(cString: strerror(errno))) }
            defer { close(file) }
            // One more than the limit, to see whether there is more.
            var bytes = [UInt8](repeating: 0, count: fileBytesMax + 1)
            var count = 0
            while count < bytes.count {
                let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + count, $0.count - count) }
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw failure(path, String(cString: strerror(errno))) }
                if got == 0 { break }
                count += got
            }
            guard count <= fileBytesMax else { throw failure(path, "it has more than \(fileBytesMax) bytes") }
            return Array(bytes[..<count])
        }

        /// The error about a file.
        static func failure(_ path: String, _ why: String) -> StreamFailure {
            StreamFailure(.credentials, "\(path) cannot be used: \(why)")
        }
    }

#endif
