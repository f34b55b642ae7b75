// MessageDecoder: a message of the stream, from its bytes straight to values.
//
// Owns what Protos/datadog/model/v1 says of the stream's messages. The generated types would be a second copy of a
// snapshot, of 200,000 settings at worst, and say nothing of the unknown fields inside: here each setting is made once,
// and what is not known is counted. Repeated parts of one message are merged as protobuf has it. The tests hold it
// against the generated types. Neighbours: WireReader; ValueDecoder reads the values; StreamMessageDeserializer hands
// it the bytes.
#if ConfigStream

    internal import GraftConfigStream

    /// Reads one message; a value of its own for each.
    struct MessageDecoder {
        /// How many sources' names are kept to be shared: there are about ten.
        private static let sourcesMax = 16

        /// Reads values and counts what is unknown in them.
        private var values = ValueDecoder()
        /// Fields that are not known, outside values.
        private var unknownFields = 0
        /// Names of sources that were met, so that settings share them: most settings have one of very few.
        private var sources: [String] = []

        /// The message in these bytes.
        static func message(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> StreamMessage {
            var decoder = MessageDecoder()
            let event = try decoder.event(WireReader(bytes))
            return StreamMessage(
                event, size: bytes.count, unknownFields: decoder.unknownFields + decoder.values.unknownFields)
        }

        /// ConfigEvent. The last of several arms counts.
        private mutating func event(_ message: WireReader) throws(WireError) -> StreamEvent {
            var reader = message
            var event = StreamEvent.empty
            while let field = try reader.field() {
                switch (field.number, field.kind) {
                case (1, .bytes):
                    var snapshot = StreamSnapshot(origin: "", sequence: 0, settings: [])
                    if case .snapshot(let begun) = event { snapshot = begun }
                    event = .empty  // so that the settings have one owner, and grow in place
                    try read(reader.message(), into: &snapshot)
                    event = .snapshot(snapshot)
                case (2, .bytes):
                    var update = StreamUpdate(origin: "", sequence: 0, setting: nil)
                    if case .update(let begun) = event { update = begun }
                    try read(reader.message(), into: &update)
                    event = .update(update)
                default: try skip(field, in: &reader)
                }
            }
            return event
        }

        /// ConfigSnapshot. The settings are counted first: an array that grows would be there twice, for a while.
        private mutating func read(_ message: WireReader, into snapshot: inout StreamSnapshot) throws(WireError) {
            var reader = message
            snapshot.settings.reserveCapacity(snapshot.settings.count + (try Self.settings(in: message)))
            while let field = try reader.field() {
                switch (field.number, field.kind) {
                case (1, .bytes): snapshot.origin = try reader.text()
                case (2, .varint): snapshot.sequence = Int32(truncatingIfNeeded: try reader.varint())
                case (3, .bytes):
                    var setting = StreamSetting(key: "", source: "", value: nil)
                    try read(reader.message(), into: &setting)
                    snapshot.settings.append(setting)
                default: try skip(field, in: &reader)
                }
            }
        }

        /// How many settings a snapshot has.
        private static func settings(in message: WireReader) throws(WireError) -> Int {
            var reader = message
            var count = 0
            while let field = try reader.field() {
                if field.number == 3, field.kind == .bytes { count += 1 }
                try reader.skip(field)
            }
            return count
        }

        /// ConfigUpdate.
        private mutating func read(_ message: WireReader, into update: inout StreamUpdate) throws(WireError) {
            var reader = message
            while let field = try reader.field() {
                switch (field.number, field.kind) {
                case (1, .bytes): update.origin = try reader.text()
                case (2, .varint): update.sequence = Int32(truncatingIfNeeded: try reader.varint())
                case (3, .bytes):
                    var setting = update.setting ?? StreamSetting(key: "", source: "", value: nil)
                    try read(reader.message(), into: &setting)
                    update.setting = setting
                default: try skip(field, in: &reader)
                }
            }
        }

        /// ConfigSetting.
        private mutating func read(_ message: WireReader, into setting: inout StreamSetting) throws(WireError) {
            var reader = message
            while let field = try reader.field() {
                switch (field.number, field.kind) {
                case (1, .bytes): setting.source = try source(reader.chunk())
                case (2, .bytes): setting.key = try reader.text()
                case (3, .bytes): setting.value = try values.value(reader.message(), onto: setting.value)
                case (4, .bytes): setting.unsetSource = try source(reader.chunk())
                default: try skip(field, in: &reader)
                }
            }
        }

        /// The name of a source: the text that an earlier setting has, if there is one.
        private mutating func source(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> String {
            for known in sources where known.utf8.count == bytes.count && known.utf8.elementsEqual(bytes) {
                return known
            }
            guard let name = String(validating: bytes, as: UTF8.self) else { throw .text }
            if sources.count < Self.sourcesMax { sources.append(name) }
            return name
        }

        /// Passes over a field that is not known, and counts it.
        private mutating func skip(_ field: WireReader.Field, in reader: inout WireReader) throws(WireError) {
            unknownFields += 1
            try reader.skip(field)
        }
    }

#endif
