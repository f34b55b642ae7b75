// ValueDecoder: google.protobuf.Value, from its bytes to StreamValue.
//
// Owns that message, its two containers and the limit on their depth. Neighbours: WireReader; MessageDecoder.
#if ConfigStream

    internal import GraftConfigStream

    /// Reads values, and counts the fields in them that are not known.
    struct ValueDecoder {
        /// How deep lists and maps may be nested, the outermost value being 1: as deep as other readers of protobuf go.
        static let depthMax = 100

        /// Fields that are not known, in all values so far.
        private(set) var unknownFields = 0

        /// A value. A message without a kind is null.
        ///
        /// - Parameters:
        ///   - message: the value's bytes.
        ///   - present: what an earlier part of the same message said; containers of one kind are merged, of others the
        ///     last counts.
        ///   - depth: how many values are around this one, itself included.
        mutating func value(
            _ message: WireReader, onto present: StreamValue? = nil, depth: Int = 1
        ) throws(WireError) -> StreamValue {
            guard depth <= Self.depthMax else { throw .deep }
            var reader = message
            var value = present ?? .null
            while let field = try reader.field() {
                switch (field.number, field.kind) {
                case (1, .varint):
                    _ = try reader.varint()
                    value = .null
                case (2, .fixed64): value = .number(try reader.double())
                case (3, .bytes): value = .string(try reader.text())
                case (4, .varint): value = .bool(try reader.varint() != 0)
                case (5, .bytes):
                    var map: [String: StreamValue] = [:]
                    if case .map(let begun) = value { map = begun }
                    try read(reader.message(), into: &map, depth: depth)
                    value = .map(map)
                case (6, .bytes):
                    var list: [StreamValue] = []
                    if case .list(let begun) = value { list = begun }
                    try read(reader.message(), into: &list, depth: depth)
                    value = .list(list)
                default: try skip(field, in: &reader)
                }
            }
            return value
        }

        /// Struct. Of several entries with one name the last counts.
        private mutating func read(
            _ message: WireReader, into map: inout [String: StreamValue], depth: Int
        ) throws(WireError) {
            var reader = message
            while let field = try reader.field() {
                guard field.number == 1, field.kind == .bytes else {
                    try skip(field, in: &reader)
                    continue
                }
                let (name, value) = try entry(reader.message(), depth: depth)
                map[name] = value
            }
        }

        /// An entry of a Struct. One without a name has the empty one, one without a value null.
        private mutating func entry(_ message: WireReader, depth: Int) throws(WireError) -> (String, StreamValue) {
            var reader = message
            var name = ""
            var value: StreamValue?
            while let field = try reader.field() {
                switch (field.number, field.kind) {
                case (1, .bytes): name = try reader.text()
                case (2, .bytes): value = try self.value(reader.message(), onto: value, depth: depth + 1)
                default: try skip(field, in: &reader)
                }
            }
            return (name, value ?? .null)
        }

        /// ListValue.
        private mutating func read(_ message: WireReader, into list: inout [StreamValue], depth: Int) throws(WireError)
        {
            var reader = message
            while let field = try reader.field() {
                guard field.number == 1, field.kind == .bytes else {
                    try skip(field, in: &reader)
                    continue
                }
                list.append(try value(reader.message(), depth: depth + 1))
            }
        }

        /// Passes over a field that is not known, and counts it.
        private mutating func skip(_ field: WireReader.Field, in reader: inout WireReader) throws(WireError) {
            unknownFields += 1
            try reader.skip(field)
        }
    }

#endif
