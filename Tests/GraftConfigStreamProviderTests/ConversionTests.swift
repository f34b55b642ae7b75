// ConversionTests: which value has which type, strictly and leniently.
#if ConfigStream

    import Configuration
    import GraftConfigStream
    import GraftConfigStreamProvider
    import GraftTestKit
    import Testing

    @Suite("A value has", .timeLimit(.minutes(1))) struct ConversionTests {
        /// A value with the types that it has.
        struct Row: Sendable, CustomTestStringConvertible {
            let value: StreamValue
            let contents: [ConfigType: ConfigContent]
            var testDescription: String { "\(value)" }

            init(_ value: StreamValue, _ contents: [ConfigType: ConfigContent]) {
                self.value = value
                self.contents = contents
            }
        }

        static let max = 9_007_199_254_740_992
        static let emptyArrays: [ConfigType: ConfigContent] = [
            .stringArray: .stringArray([]), .intArray: .intArray([]), .doubleArray: .doubleArray([]),
            .boolArray: .boolArray([]), .byteChunkArray: .byteChunkArray([]),
        ]
        static let strict: [Row] = [
            Row(.string("x"), [.string: "x"]),
            Row(.string(""), [.string: "", .bytes: .bytes([])]),
            Row(.string("AQI="), [.string: "AQI=", .bytes: .bytes([1, 2])]),
            Row(.string("42"), [.string: "42"]),
            Row(.string("true"), [.string: "true", .bytes: .bytes([0xB6, 0xBB, 0x9E])]),
            Row(.bool(true), [.bool: true]),
            Row(.number(0), [.int: 0, .double: 0.0]),
            Row(.number(-7), [.int: -7, .double: -7.0]),
            Row(.number(1.5), [.double: 1.5]),
            Row(.number(Double(max)), [.int: .int(max), .double: .double(Double(max))]),
            Row(.number(Double(-max)), [.int: .int(-max), .double: .double(Double(-max))]),
            Row(.number(Double(max) + 2), [.double: .double(Double(max) + 2)]),
            Row(.number(.infinity), [.double: .double(.infinity)]),
            Row(.list([]), emptyArrays),
            Row(
                .list([.number(1), .number(2)]), [.intArray: .intArray([1, 2]), .doubleArray: .doubleArray([1, 2])]),
            Row(.list([.number(1), .number(2.5)]), [.doubleArray: .doubleArray([1, 2.5])]),
            Row(.list([.string("x")]), [.stringArray: .stringArray(["x"])]),
            Row(.list([.bool(false)]), [.boolArray: .boolArray([false])]),
            Row(.list([.bool(false), .number(0)]), [:]),
            Row(.list([.null]), [:]),
            Row(.list([.list([])]), [:]),
        ]

        @Test("one type, strictly; anything else is an error that does not quote it", arguments: strict)
        func strictly(row: Row) async throws {
            try await check(row, options())
        }

        static let lenient: [Row] = [
            Row(
                .string("42"),
                [
                    .string: "42", .int: 42, .double: 42.0, .stringArray: .stringArray(["42"]),
                    .intArray: .intArray([42]),
                    .doubleArray: .doubleArray([42]),
                ]),
            Row(
                .string("t"),
                [
                    .string: "t", .bool: true, .stringArray: .stringArray(["t"]), .boolArray: .boolArray([true]),
                ]),
            Row(.number(1.9), [.string: "1.9", .int: 1, .double: 1.9]),
            Row(.number(1), [.string: "1", .int: 1, .double: 1.0, .bool: true]),
            Row(.bool(false), [.string: "false", .bool: false]),
            Row(.list([.number(1), .string("x")]), [.string: "[1 x]", .stringArray: .stringArray(["1", "x"])]),
        ]

        @Test("those of the stream's own getters, leniently", arguments: lenient)
        func leniently(row: Row) async throws {
            try await check(row, options { $0.conversion = .lenient })
        }

        @Test("bytes, by the decoder that was chosen")
        func bytes() async throws {
            try await withProvider(of: agent(["b": .string("0aff")]), options { $0.bytesDecoder = .hex }) { provider in
                #expect(provider.content("b", .bytes) == .bytes([0x0A, 0xFF]))
            }
        }

        /// Asks for a value as every type.
        private func check(_ row: Row, _ options: ConfigStreamProvider.Options) async throws {
            try await withProvider(of: agent(["the.key": row.value]), options) { provider in
                for type in allTypes {
                    if let content = row.contents[type] {
                        #expect(provider.content("the.key", type) == content)
                        continue
                    }
                    let error = #expect(throws: ConfigStreamProviderError.self, "\(type)") {
                        try provider.value(forKey: "the.key", type: type)
                    }
                    #expect(error?.code == .notConvertible)
                    #expect(error?.message.hasPrefix("the value of the.key, set by file, is a") == true)
                    #expect(error?.message.contains("42") == false)
                }
            }
        }
    }

#endif
