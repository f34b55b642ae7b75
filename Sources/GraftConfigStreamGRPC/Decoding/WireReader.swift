// WireReader: the fields of one protobuf message, one after the other.
//
// Owns the encoding: tags, varints, lengths, texts. Knows no message and allocates nothing but the texts that it is
// asked for. It never reads past its bytes: a length that says so is an error. Neighbour: MessageDecoder knows the
// messages.
#if ConfigStream

    /// Why bytes are not a message.
    enum WireError: Error, Hashable {
        /// They end within a field.
        case cut
        /// A varint has more than ten bytes.
        case longVarint
        /// A field has number 0, or a kind that does not exist.
        case tag
        /// A text is not UTF-8.
        case text
        /// Values, or groups that are to be skipped, are nested deeper than the limit.
        case deep
    }

    /// The fields of one protobuf message. It borrows the bytes: they outlive it.
    struct WireReader {
        /// How a field is encoded.
        enum Kind: UInt8 {
            case varint = 0
            case fixed64 = 1
            case bytes = 2
            case groupStart = 3
            case groupEnd = 4
            case fixed32 = 5
        }

        /// A field's number and how it is encoded; its value comes next.
        struct Field {
            let number: UInt64
            let kind: Kind
        }

        /// How deep groups may be nested that are skipped.
        static let groupDepthMax = 100

        /// The whole message.
        private let bytes: UnsafeRawBufferPointer
        /// Where the next byte is that was not read.
        private var position = 0

        /// Reads this message from its first field.
        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        /// The next field; nil at the end of the message.
        mutating func field() throws(WireError) -> Field? {
            guard position < bytes.count else { return nil }
            let tag = try varint()
            guard let kind = Kind(rawValue: UInt8(tag & 7)), tag >> 3 != 0, tag >> 32 == 0 else { throw .tag }
            return Field(number: tag >> 3, kind: kind)
        }

        /// A varint. One of a type with fewer bits is cut by the caller, as protobuf has it.
        mutating func varint() throws(WireError) -> UInt64 {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 70, by: 7) {
                guard position < bytes.count else { throw .cut }
                let byte = bytes[position]
                position += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            throw .longVarint
        }

        /// A double.
        mutating func double() throws(WireError) -> Double {
            let raw = try taken(8).loadUnaligned(as: UInt64.self)
            return Double(bitPattern: UInt64(littleEndian: raw))
        }

        /// The bytes of a text or of a message within this one.
        mutating func chunk() throws(WireError) -> UnsafeRawBufferPointer {
            let length = try varint()
            guard length <= UInt64(bytes.count - position) else { throw .cut }
            return try taken(Int(length))
        }

        /// A text.
        mutating func text() throws(WireError) -> String {
            guard let text = String(validating: try chunk(), as: UTF8.self) else { throw .text }
            return text
        }

        /// A message within this one.
        mutating func message() throws(WireError) -> WireReader { WireReader(try chunk()) }

        /// Passes over the value of a field.
        mutating func skip(_ field: Field, depth: Int = 0) throws(WireError) {
            switch field.kind {
            case .varint: _ = try varint()
            case .fixed64: _ = try taken(8)
            case .bytes: _ = try chunk()
            case .fixed32: _ = try taken(4)
            case .groupEnd: throw .tag
            case .groupStart:
                guard depth < Self.groupDepthMax else { throw .deep }
                while true {
                    guard let inner = try self.field() else { throw .cut }
                    if inner.kind == .groupEnd {
                        guard inner.number == field.number else { throw .tag }
                        return
                    }
                    try skip(inner, depth: depth + 1)
                }
            }
        }

        /// So many of the next bytes.
        private mutating func taken(_ count: Int) throws(WireError) -> UnsafeRawBufferPointer {
            guard count <= bytes.count - position else { throw .cut }
            defer { position += count }
            return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
        }
    }

#endif
