// RemoteSettingsTests.swift: what the environment says about the link to a Datadog agent.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import Testing

@testable import GraftAgent

@Suite struct RemoteSettingsTests {
    /// The settings of an environment, and what is complained of.
    private func read(
        _ environment: [String: String], followsFile: Bool = false
    ) -> (settings: RemoteSettings?, complaints: [String]) {
        var complaints: [String] = []
        let settings = RemoteSettings(program: "shop", followsFile: followsFile, complaints: &complaints) {
            environment[$0]
        }
        return (settings, complaints)
    }

    @Test func `nothing said is the usual agent and the defaults`() throws {
        let (found, complaints) = read([:])
        let settings = try #require(found)
        #expect(complaints.isEmpty && settings.polls)
        #expect(settings.interval == .seconds(5) && settings.timeout == .seconds(5) && settings.cache == nil)
        #expect(settings.service == "shop" && settings.environment.isEmpty && settings.tags.isEmpty)
    }

    @Test func `a local file is enough unless a Datadog agent is named or asked for`() {
        #expect(read([:], followsFile: true).settings == nil)
        #expect(read(["DD_AGENT_HOST": ""], followsFile: true).settings == nil)
        for name in RemoteSettings.agentVariables {
            let value = name.hasSuffix("URL") ? "http://127.0.0.1:1" : name.hasSuffix("PORT") ? "1" : "localhost"
            #expect(read([name: value], followsFile: true).settings?.polls == true, "\(name)")
        }
        #expect(read(["DD_REMOTE_CONFIGURATION_ENABLED": "1"], followsFile: true).settings?.polls == true)
    }

    @Test func `switched off is not polled, under either name`() {
        for name in ["DD_REMOTE_CONFIGURATION_ENABLED", "DD_REMOTE_CONFIG_ENABLED"] {
            #expect(read([name: "false"]).settings == nil)
            #expect(read([name: "false", "DD_AGENT_HOST": "h"]).settings?.polls == false)
            #expect(read([name: "0", "DD_AGENT_HOST": "h"], followsFile: true).settings?.polls == false)
            #expect(read([name: "FALSE"], followsFile: true).settings == nil)
        }
        // The first name counts.
        let both = ["DD_REMOTE_CONFIGURATION_ENABLED": "true", "DD_REMOTE_CONFIG_ENABLED": "false"]
        #expect(read(both).settings?.polls == true)
    }

    @Test func `a flag that is none is complained of and ignored`() {
        let (settings, complaints) = read(["DD_REMOTE_CONFIGURATION_ENABLED": "yes"])
        #expect(settings?.polls == true)
        #expect(complaints == ["DD_REMOTE_CONFIGURATION_ENABLED: \"yes\" is none of 1, true, 0, false"])
    }

    @Test func `intervals and timeouts are taken within their limits`() {
        #expect(read(["DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS": "0.01"]).settings?.interval == .milliseconds(10))
        #expect(read(["DD_REMOTECONFIG_POLL_SECONDS": "3600"]).settings?.interval == .seconds(3600))
        let both = ["DD_REMOTECONFIG_POLL_SECONDS": "9", "DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS": "2"]
        #expect(read(both).settings?.interval == .seconds(2))
        #expect(read(["DD_TRACE_AGENT_TIMEOUT_SECONDS": "0.1"]).settings?.timeout == .milliseconds(100))
        for text in ["0", "0.009", "-1", "3600.1", "soon", "nan", "inf"] {
            let (settings, complaints) = read(["DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS": text])
            #expect(settings?.interval == .seconds(5), "\(text)")
            #expect(complaints.count == 1 && complaints[0].hasPrefix("DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS"))
        }
    }

    @Test func `a wrong address is complained of and never replaced by the usual one`() {
        let (settings, complaints) = read(["DD_TRACE_AGENT_URL": "https://agent:8126"])
        #expect(settings == nil)
        #expect(complaints.count == 1 && complaints[0].contains("DD_TRACE_AGENT_URL"))
    }

    @Test func `who asks is in the request`() throws {
        let environment = [
            "DD_SERVICE": "cart", "DD_ENV": "ci", "DD_VERSION": "1.2.3", "DD_TAGS": "team:x, url:http://h:1 ,",
        ]
        let tracer = try #require(read(environment).settings).tracer(runtimeID: "r", version: "0.1.0")
        #expect(tracer.service == "cart" && tracer.environment == "ci" && tracer.appVersion == "1.2.3")
        #expect(tracer.tags == ["team:x", "url:http://h:1"] && tracer.runtimeID == "r")
    }

    @Test func `tags are taken to their limits`() throws {
        let most = RemoteSettings.tagsMaximum
        let tags = (0..<most).map { "k\($0):v" }
        let full = read(["DD_TAGS": tags.joined(separator: " ")])
        #expect(full.settings?.tags == tags && full.complaints.isEmpty)
        let over = read(["DD_TAGS": (tags + ["one:more"]).joined(separator: " ")])
        #expect(over.settings?.tags == tags && over.complaints.count == 1)
        let long = String(repeating: "x", count: RemoteSettings.tagBytesMaximum)
        #expect(read(["DD_TAGS": long]).settings?.tags == [long])
        #expect(read(["DD_TAGS": long + "x,a:b"]).settings?.tags == ["a:b"])
    }

    @Test func `telemetry is told what holds, and whether somebody said so`() throws {
        let environment = ["DD_SERVICE": "cart", "DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS": "0.5"]
        let entries = try #require(read(environment).settings).configuration
        func entry(_ name: String) -> String? {
            entries.first { $0.name == name }.map { "\(JSONWriter.text($0.value)) \($0.origin)" }
        }
        #expect(entry("DD_SERVICE") == #""cart" env_var"#)
        #expect(entry("DD_REMOTE_CONFIG_POLL_INTERVAL_SECONDS") == "0.5 env_var")
        #expect(entry("DD_TRACE_AGENT_TIMEOUT_SECONDS") == "5.0 default")
        #expect(entry("DD_REMOTE_CONFIGURATION_ENABLED") == "true default")
        #expect(entry("DD_ENV") == #""" default"#)
        let unread = try #require(read(["DD_TRACE_AGENT_TIMEOUT_SECONDS": "soon"]).settings).configuration
        #expect(unread.first { $0.name == "DD_TRACE_AGENT_TIMEOUT_SECONDS" }?.origin == .byDefault)
    }

    @Test func `identifiers are random UUIDs of version 4`() {
        let ids = Set((0..<1_000).map { _ in Identifier.random() })
        #expect(ids.count == 1_000)
        for id in ids {
            let text = Array(id)
            #expect(text.count == 36 && text[14] == "4" && "89ab".contains(text[19]))
            #expect([8, 13, 18, 23].allSatisfy { text[$0] == "-" })
            #expect(text.allSatisfy { "0123456789abcdef-".contains($0) })
        }
    }
}
