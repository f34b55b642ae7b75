// ProviderCompatTests: swift-configuration's own test of providers, fed by a core agent.
#if ConfigStream

    import Configuration
    import ConfigurationTesting
    import GraftConfigStream
    import GraftConfigStreamProvider
    import GraftTestKit
    import Testing

    @Suite("The provider in swift-configuration's own test") struct ProviderCompatTests {
        /// The test's values, as a core agent says them; bytes are texts in base 64.
        static let values: [String: StreamValue] = [
            "string": .string("Hello"), "other.string": .string("Other Hello"),
            "int": .number(42), "other.int": .number(24),
            "double": .number(3.14), "other.double": .number(2.72),
            "bool": .bool(true), "other.bool": .bool(false),
            "bytes": .string("bWFnaWM="), "other.bytes": .string("bWFnaWMy"),
            "stringy.array": .list([.string("Hello"), .string("World")]),
            "other.stringy.array": .list([.string("Hello"), .string("Swift")]),
            "inty.array": .list([.number(42), .number(24)]), "other.inty.array": .list([.number(16), .number(32)]),
            "doubly.array": .list([.number(3.14), .number(2.72)]),
            "other.doubly.array": .list([.number(0.9), .number(1.8)]),
            "booly.array": .list([.bool(true), .bool(false)]),
            "other.booly.array": .list([.bool(false), .bool(true), .bool(true)]),
            "bytechunky.array": .list([.string("bWFnaWM="), .string("bWFnaWMy")]),
            "other.bytechunky.array": .list([.string("bWFnaWM="), .string("bWFnaWMy"), .string("bWFnaWM=")]),
        ]

        @Test("passes with flat settings", .timeLimit(.minutes(1)))
        func flat() async throws {
            try await withProvider(of: agent(Self.values)) { provider in
                try await ProviderCompatTest(provider: provider).runTest()
                #expect(provider.watcherCount == 0)
            }
        }

        @Test("passes when what has a dot in its name comes as maps", .timeLimit(.minutes(1)))
        func nested() async throws {
            var nested: [String: StreamValue] = [:]
            for (key, value) in Self.values {
                let names = key.split(separator: ".").map(String.init)
                insert(value, at: names[...], into: &nested)
            }
            #expect(nested.count == 11)
            try await withProvider(of: agent(nested)) { provider in
                try await ProviderCompatTest(provider: provider).runTest()
            }
        }

        @Test("passes leniently, and when it shares a reader's order with others", .timeLimit(.minutes(1)))
        func lenient() async throws {
            try await withProvider(of: agent(Self.values), options { $0.conversion = .lenient }) { provider in
                try await ProviderCompatTest(provider: provider).runTest()
            }
            try await withProvider(of: agent(Self.values), .init(sources: .atMost(.environmentVariable))) { provider in
                try await ProviderCompatTest(provider: provider).runTest()
            }
        }

        /// Puts a value into maps, one for each name but the last.
        private func insert(_ value: StreamValue, at names: ArraySlice<String>, into map: inout [String: StreamValue]) {
            guard let name = names.first else { return }
            if names.count == 1 {
                map[name] = value
                return
            }
            var inner: [String: StreamValue] = [:]
            if case .map(let there) = map[name] { inner = there }
            insert(value, at: names.dropFirst(), into: &inner)
            map[name] = .map(inner)
        }
    }

#endif
