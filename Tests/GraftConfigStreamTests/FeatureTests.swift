// FeatureTests: which configuration a program goes by. The first tests are those of the reference's enabled_test, by name, with
// a local configuration in the place of a YAML file: that a file is found, or is malformed, is its reader's business.

import GraftTestKit
import Testing

@testable import GraftConfigStream

/// The keys and their variables.
private let consumerKey = "remote_agent.configstream.consumer.enabled"
private let consumerVariable = "DD_REMOTE_AGENT_CONFIGSTREAM_CONSUMER_ENABLED"
private let ipcKey = "remote_agent.core_agent_ipc.enabled"
private let ipcVariable = "DD_REMOTE_AGENT_CORE_AGENT_IPC_ENABLED"

@Suite("Feature: is it enabled") struct FeatureEnabledTests {
    /// What a local configuration and an environment lead to.
    private func isEnabled(_ local: [String: StreamValue], _ environment: [String: String] = [:]) -> Bool {
        StreamFeature.isEnabled(LocalConfiguration(local), environment: environment)
    }

    @Test("TestBootstrapDefaultsMirrorSchema: the defaults are those of the agent")
    func bootstrapDefaultsMirrorSchema() {
        #expect(StreamSwitches.consumer.isOnByDefault && StreamSwitches.ipc.isOnByDefault)
        #expect(StreamSwitches.registry.isOnByDefault && !StreamSwitches.flag.isOnByDefault)
        #expect(StreamSwitches.consumer.variable == consumerVariable && StreamSwitches.ipc.variable == ipcVariable)
        #expect(StreamSwitches.flag.variable == "DD_USE_RAR_CONFIG_STREAM")
        #expect(StreamSwitches.registry.variable == "DD_REMOTE_AGENT_REGISTRY_ENABLED")
    }

    @Test("TestIsEnabled: on by default; off and on by the local configuration; a variable goes before both")
    func isEnabled() {
        #expect(isEnabled([:]))
        #expect(!isEnabled([consumerKey: .bool(false)]))
        #expect(isEnabled([consumerKey: .bool(true)]))
        #expect(isEnabled([consumerKey: .bool(false)], [consumerVariable: "true"]))
        #expect(!isEnabled([consumerKey: .bool(true)], [consumerVariable: "false"]))
        #expect(!isEnabled([:], [consumerVariable: "false"]))
        // What is no truth value counts as not set.
        for nonsense in ["", "maybe", "yes"] {
            #expect(!isEnabled([consumerKey: .bool(false)], [consumerVariable: nonsense]))
            #expect(isEnabled([consumerKey: .string(nonsense)]))
        }
        #expect(!isEnabled([consumerKey: .string("0")]))
        #expect(!isEnabled(["Remote_Agent.ConfigStream.Consumer.Enabled": .bool(false)]))
    }

    @Test("TestIsEnabledCoreAgentIPCDisabled: off wins over everything, on leaves the rest alone")
    func isEnabledCoreAgentIPCDisabled() {
        #expect(!isEnabled([ipcKey: .bool(false)]))
        #expect(!isEnabled([ipcKey: .bool(false), consumerKey: .bool(true)], [consumerVariable: "true"]))
        #expect(!isEnabled([:], [ipcVariable: "false"]))
        #expect(isEnabled([ipcKey: .bool(true)]))
        #expect(!isEnabled([ipcKey: .bool(true), consumerKey: .bool(false)]))
        #expect(isEnabled([ipcKey: .bool(true), consumerKey: .bool(true)]))
    }

    @Test("The program's own flag is off by default, and the reason names what switches off the most")
    func flag() {
        func choice(_ local: [String: StreamValue], _ environment: [String: String] = [:]) -> StreamFeature.Choice {
            StreamFeature(LocalConfiguration(local), environment: environment).choice
        }
        let on: [String: StreamValue] = ["use_rar_config_stream": .bool(true)]
        #expect(choice([:]) == .local(.flagIsOff))
        #expect(choice(on) == .stream)
        #expect(choice([:], ["DD_USE_RAR_CONFIG_STREAM": "1"]) == .stream)
        #expect(choice(on, ["DD_USE_RAR_CONFIG_STREAM": "false"]) == .local(.flagIsOff))
        #expect(choice(on, [consumerVariable: "false"]) == .local(.consumerIsOff))
        #expect(choice(on, [consumerVariable: "false", ipcVariable: "0"]) == .local(.ipcIsOff))
        #expect("\(StreamFeature.Reason.ipcIsOff)" == "remote_agent.core_agent_ipc.enabled is off")
    }
}

@Suite("Feature: where the core agent is") struct FeatureBootstrapTests {
    /// What is read.
    private func read(_ local: [String: StreamValue], _ environment: [String: String] = [:]) -> StreamBootstrap {
        StreamBootstrap(LocalConfiguration(local), environment: environment)
    }

    @Test("TestReadSettings: the defaults, five values of a file, a variable before each, an empty one not")
    func readSettings() throws {
        let usual = read([:])
        #expect(try usual.address() == .name("localhost", port: 5001))
        #expect(usual.isRegistryEnabled && usual.vsock.isEmpty)
        #expect(usual.files(folder: "/etc/dd") == IPCFiles(folder: "/etc/dd"))
        let local: [String: StreamValue] = [
            "cmd_host": .string("10.0.0.1"), "cmd_port": .number(6001), "auth_token_file_path": .string("/t/token"),
            "ipc_cert_file_path": .string("/c/cert.pem"), "remote_agent.registry.enabled": .bool(false),
        ]
        let file = read(local)
        #expect(try file.address() == .ipv4("10.0.0.1", port: 6001))
        #expect(file.files(folder: "/x") == IPCFiles(authToken: "/t/token", certificate: "/c/cert.pem"))
        #expect(!file.isRegistryEnabled)
        let variables = read(
            local,
            [
                "DD_CMD_HOST": "::1", "DD_CMD_PORT": "7001", "DD_AUTH_TOKEN_FILE_PATH": "/e/token",
                "DD_IPC_CERT_FILE_PATH": "", "DD_REMOTE_AGENT_REGISTRY_ENABLED": "true",
            ])
        #expect(try variables.address() == .ipv6("::1", port: 7001))
        #expect(variables.files(folder: "/x") == IPCFiles(authToken: "/e/token", certificate: "/c/cert.pem"))
        #expect(variables.isRegistryEnabled)
    }

    @Test("TestReadSettings vsock: the file's and the variable's; what cannot be used is said when it is used")
    func vsock() throws {
        #expect(try read(["vsock_addr": .string("host")]).address() == .vsock(contextID: 2, port: 5001))
        #expect(try read([:], ["DD_VSOCK_ADDR": "17"]).address() == .vsock(contextID: 17, port: 5001))
        for wrong in [
            read(["vsock_addr": .string("nobody")]), read(["cmd_port": .number(0)]),
            read(["cmd_port": .number(65_536)]),
        ] {
            #expect(throws: StreamFailure.self) { try wrong.address() }
        }
    }

    @Test("auth_token is resolved next to the configuration, the certificate next to the token")
    func files() {
        #expect(read([:]).files(folder: "/etc/dd").authToken == "/etc/dd/auth_token")
        let moved = read(["auth_token_file_path": .string("/run/dd/token")]).files(folder: "/etc/dd")
        #expect(moved == IPCFiles(authToken: "/run/dd/token", certificate: "/run/dd/ipc_cert.pem"))
    }
}

@Suite("Feature: the configuration that a program goes by") struct FeatureTests {
    /// A feature that is on, or off.
    private func feature(_ isOn: Bool, _ more: [String: StreamValue] = [:]) -> StreamFeature {
        var local: [String: StreamValue] = ["use_rar_config_stream": .bool(isOn), "host": .string("local")]
        local.merge(more) { $1 }
        return StreamFeature(LocalConfiguration(local, origin: "my.yaml"), environment: [:])
    }

    @Test("TestRunNoopWhenConfigstreamDisabled: the local configuration at once, and no transport is made")
    func off() async throws {
        struct Made: Error {}
        func transport() throws -> any StreamTransport { throw Made() }
        let feature = feature(false)
        let (host, text) = try await feature.withConfiguration(testSettings(), transport: try transport()) {
            #expect($0.consumer == nil && $0.choice == .local(.flagIsOff))
            #expect($0.reader.source(of: "HOST") == .file && $0.reader.origin == "my.yaml")
            let later = try await $0.reader.atLeast(sequence: 5)
            #expect(later.sequenceID == -1)
            return ($0.reader.getString("host"), "\($0)")
        }
        #expect(host == "local" && text == "local config: use_rar_config_stream is off")
        await #expect(throws: Made.self) {
            try await self.feature(true).withConfiguration(testSettings(), transport: try transport()) { _ in }
        }
    }

    @Test("On: the stream's configuration, complete, live, nothing of the local one, and all is over afterwards")
    func on() async throws {
        let agent = InProcessCoreAgent()
        agent.set("port", .number(8080))
        let consumer = try await feature(true).withConfiguration(testSettings(), transport: agent) { configuration in
            #expect(configuration.choice == .stream && "\(configuration)" == "streamed config from core agent")
            #expect(configuration.reader.allKeys == ["port"])
            let number = agent.set("port", .number(9090))
            let later = try await configuration.reader.atLeast(sequence: number)
            #expect(later.getInt("port") == 9090)
            #expect(agent.counts.connections > 0)
            return configuration.consumer
        }
        #expect(consumer?.state == .disconnected)
        #expect(agent.counts.connections == 0)
        // What was read stays readable.
        #expect(consumer?.reader.getInt("port") == 9090)
    }

    @Test(
        "TestStartTimeoutFailsStartup: without a snapshot in time it fails, and does not go on with the local configuration"
    )
    func timeout() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        let begun = ContinuousClock.now
        let error = await #expect(throws: StreamError.self) {
            try await feature(true).withConfiguration(testSettings(), transport: agent, timeout: .milliseconds(200)) {
                _ in
                Issue.record("there is no configuration")
            }
        }
        #expect(ContinuousClock.now - begun >= .milliseconds(200))
        #expect(error?.code == .notReady)
        #expect(error?.message.hasPrefix("config stream not ready: timed out waiting for config snapshot") == true)
        #expect(agent.counts.connections == 0)
        #expect(StreamFeature.usualTimeout == .seconds(30))
    }

    @Test("Falls back to what was kept of the stream, if that is asked for, and is stale")
    func cache() async throws {
        let agent = InProcessCoreAgent()
        agent.saySnapshots(false)
        var settings = testSettings()
        settings.cache = RecordingCache(cached(["port": .number(1)]))
        await #expect(throws: StreamError.self) {
            try await feature(true).withConfiguration(settings, transport: agent, timeout: .milliseconds(50)) { _ in }
        }
        let keys = try await feature(true).withConfiguration(
            settings, transport: agent, timeout: .milliseconds(50), fallingBackToCache: true
        ) {
            if case .stale? = $0.consumer?.state {} else { Issue.record("\($0.consumer?.state as Any)") }
            return $0.reader.allKeys
        }
        #expect(keys == ["port"])
        settings.cache = RecordingCache()
        await #expect(throws: StreamError.self) {
            try await feature(true).withConfiguration(
                settings, transport: agent, timeout: .milliseconds(50), fallingBackToCache: true
            ) { _ in }
        }
    }

    @Test("Fails fast when the registry is off, unless somebody else has the session, and without a client's name")
    func settings() async throws {
        let agent = InProcessCoreAgent()
        let off = feature(true, ["remote_agent.registry.enabled": .bool(false)])
        let error = await #expect(throws: StreamError.self) {
            try await off.withConfiguration(testSettings(), transport: agent) { _ in }
        }
        #expect(error?.code == .setting && error?.message.contains("remote_agent.registry.enabled is off") == true)
        #expect(agent.counts.registrations == 0)
        let registered = try await agent.withConnection {
            try await $0.register(
                RegistrationRequest(pid: "", flavor: "f", displayName: "d", apiEndpointURI: "https://x"))
        }
        let fixed = testSettings(session: .fixed(registered.sessionID))
        try await off.withConfiguration(fixed, transport: agent) { #expect($0.choice == .stream) }
        var nameless = testSettings()
        nameless.clientName = ""
        let name = await #expect(throws: StreamError.self) {
            try await feature(true).withConfiguration(nameless, transport: agent) { _ in }
        }
        #expect(name?.message.contains("clientName") == true)
    }

    @Test("What the body throws is thrown, and a task that is cancelled ends the consumer")
    func ends() async throws {
        struct Mine: Error {}
        let agent = InProcessCoreAgent()
        await #expect(throws: Mine.self) {
            try await self.feature(true).withConfiguration(testSettings(), transport: agent) { _ in throw Mine() }
        }
        let feature = self.feature(true)
        let running = Task {
            try await feature.withConfiguration(testSettings(), transport: agent) { _ in
                try await Task.sleep(for: patience * 10)
            }
        }
        await agent.wait { $0.streamsOpened == 2 }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
        #expect(agent.counts.connections == 0)
    }
}
