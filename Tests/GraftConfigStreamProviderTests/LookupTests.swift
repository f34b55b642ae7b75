// LookupTests: which setting a key means, and which value has which type.
#if ConfigStream

    import Configuration
    import GraftConfigStream
    import GraftConfigStreamProvider
    import GraftTestKit
    import Testing

    @Suite("A look-up", .timeLimit(.minutes(1))) struct LookupTests {
        @Test("finds a name that has dots in it, whole")
        func dottedName() async throws {
            try await withProvider(of: agent(["additional_endpoints.https://x.y": .string("key")])) { provider in
                #expect(provider.content(["additional_endpoints", "https://x.y"], .string) == "key")
                #expect(provider.content("additional_endpoints.https://x.y", .string) == "key")
            }
        }

        @Test("folds case on both sides, at every depth")
        func folding() async throws {
            let values: [String: StreamValue] = [
                "Logs.Level": .string("info"), "Proxy": .map(["noProxy": .bool(true)]),
            ]
            try await withProvider(of: agent(values)) { provider in
                #expect(provider.content("logs.LEVEL", .string) == "info")
                #expect(provider.content("proxy.noproxy", .bool) == true)
                let result = try provider.value(forKey: "PROXY.noProxy", type: .bool)
                #expect(result.encodedKey == "proxy.noproxy")
            }
        }

        @Test("prefers the longest name that is a setting, then descends, longest name first")
        func secondChance() async throws {
            let values: [String: StreamValue] = [
                "a.b.c": .number(1),
                "a.b": .map(["c": .number(2), "d": .number(3)]),
                "a": .map([
                    "b": .map(["d": .number(4), "e": .number(5)]), "b.f": .number(6), "x.y": .map(["z": .number(7)]),
                ]),
            ]
            try await withProvider(of: agent(values)) { provider in
                #expect(provider.content("a.b.c", .int) == 1)
                #expect(provider.content("a.b.d", .int) == 3)
                #expect(provider.content("a.b.e", .int) == 5)
                #expect(provider.content("a.b.f", .int) == 6)
                #expect(provider.content(["a", "x", "y", "z"], .int) == 7)
                #expect(provider.content(["a", "x.y", "z"], .int) == 7)
                #expect(provider.content("a.b.g", .int) == nil)
                #expect(provider.content("a.b.c.d", .int) == nil)
            }
        }

        @Test("takes the field that is written as asked before those in another case")
        func exactField() async throws {
            try await withProvider(of: agent(["m": .map(["K": .number(1), "k": .number(2)])])) { provider in
                #expect(provider.content("m.k", .int) == 2)
                #expect(provider.content("m.K", .int) == 1)
            }
        }

        @Test("finds nothing under an empty key, a section, a null, and a setting without a value")
        func nothing() async throws {
            let agent = agent(["section": .map(["a": .number(1)]), "null": .null, "m": .map(["null": .null])])
            agent.set("declared", .string("ignored"), source: .schema)
            try await withProvider(of: agent) { provider in
                for type in allTypes {
                    for key: AbsoluteConfigKey in ["section", "null", "m.null", "declared", "absent", []] {
                        #expect(provider.content(key, type) == nil)
                    }
                }
            }
        }

        @Test("marks what comes from the store of secrets, and what the options say")
        func secrets() async throws {
            let agent = agent(["plain": .string("1"), "my.api_key": .string("2")])
            agent.set("password", .string("3"), source: .secret)
            agent.set("credentials", .map(["token": .string("4")]), source: .secret)
            agent.set("overridden", .string("5"), source: .secret)
            agent.set("overridden", .string("6"), source: .cli)
            let options = options { $0.secrets = .dynamic { key, _ in key.hasSuffix("api_key") } }
            try await withProvider(of: agent, options) { provider in
                func isSecret(_ key: AbsoluteConfigKey) -> Bool? { provider.found(key, .string)?.isSecret }
                #expect(isSecret("plain") == false)
                #expect(isSecret("my.API_key") == true)
                #expect(isSecret("password") == true)
                #expect(isSecret("credentials.token") == true)
                #expect(isSecret("overridden") == false)
            }
        }

        @Test("falls back to what a weaker source says, then to the next provider")
        func fallback() async throws {
            let agent = agent(["level": .string("file")])
            agent.set("level", .string("cli"), source: .cli)
            try await withProvider(of: agent) { provider in
                let local = InMemoryProvider(values: ["level": "local"])
                let config = ConfigReader(providers: [provider, local])
                #expect(config.string(forKey: "level") == "cli")
                try await provider.reaches(agent.unset("level", source: .cli))
                #expect(config.string(forKey: "level") == "file")
                try await provider.reaches(agent.unset("level", source: .file))
                #expect(config.string(forKey: "level") == "local")
            }
        }

        @Test("of two providers, one above and one below another, each speaks for its sources")
        func bands() async throws {
            let agent = agent(["a": .string("file"), "b": .string("file")])
            agent.set("a", .string("remote"), source: .remoteConfig)
            try await withConsumer(of: agent) { consumer in
                try await consumer.waitReady(timeout: patience)
                let above = ConfigStreamProvider(consumer, options: .init(sources: .strongerThan(.environmentVariable)))
                let below = ConfigStreamProvider(consumer, options: .init(sources: .atMost(.environmentVariable)))
                let middle = InMemoryProvider(values: ["a": "local", "b": "local", "c": "local"])
                let config = ConfigReader(providers: [above, middle, below])
                #expect(config.string(forKey: "a") == "remote")
                #expect(config.string(forKey: "b") == "local")
                #expect(below.content("b", .string) == "file")
                #expect(above.content("b", .string) == nil)
                // A snapshot says what is in force only; an update adds a layer to it.
                try await above.reaches(agent.set("b", .string("cli"), source: .cli))
                #expect(config.string(forKey: "b") == "cli")
                #expect(below.content("b", .string) == "file")
            }
        }
    }

    /// Every type of swift-configuration.
    let allTypes: [ConfigType] = [
        .string, .int, .double, .bool, .bytes, .stringArray, .intArray, .doubleArray, .boolArray, .byteChunkArray,
    ]

#endif
