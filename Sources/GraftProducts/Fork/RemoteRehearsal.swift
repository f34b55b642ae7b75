// RemoteRehearsal: what the client of a forked child will do, done once in the parent.
//
// Rehearsal says why. Here the way is that of polls: a client is made, asks, is answered in each way that there is, delivers,
// acknowledges; then all of it once more as a child's. It takes some milliseconds, once in the life of a process.
// Neighbours: RemoteConfigProduct has it done at its first start, RehearsalTransport plays the agent.

internal import GraftConfig
internal import GraftRemoteConfig

/// A product that can be configured, in every respect.
private struct RehearsalTracer: Product {
    let name = "tracer"
    let apmCapabilities: APMCapabilities = [.sampleRate]

    func start() {}
    func restart(join: Bool) {}
    func stop(join: Bool) {}
    func atExit(join: Bool) {}
    func postPreload() {}
    func apmTracingRC(_ remote: LibraryConfig, _ settings: LibraryConfig) throws {
        if settings.tracingSamplingRate == nil { throw ProductError(.payload, "a rehearsal") }
    }
}

/// A callback of no consequence.
private struct RehearsalCallback: RCCallback {
    func callAsFunction(payloads: [Payload]) throws {
        for payload in payloads { _ = payload.content?.root["list"]?.value }
        if payloads.contains(where: \.isRemoval) { throw ProductError(.payload, "a rehearsal") }
    }
}

/// The way of a child's client.
enum RemoteRehearsal {
    /// A configuration with a field of each kind.
    private static let tracing = """
        {"service_target":{"service":"*","env":"e"},"k8s_target_v2":{"cluster_targets":[{"cluster_name":"c"}]},
        "lib_config":{"tracing_enabled":true,"tracing_sampling_rate":0.5,"unknown":[1,"é",null],
        "tracing_sampling_rules":[{"service":"s","provenance":"customer","sample_rate":1,
        "tags":[{"key":"k","value_glob":"*"}]}],"tracing_header_tags":[{"header":"h","tag_name":"t"}],
        "tracing_tags":["k:v","k"]}}
        """

    /// Goes it once in the life of the process.
    static let isDone: Bool = {
        var settings = RemoteConfigSettings(
            address: AgentAddress.nobody, service: "s", environment: "e", tracerVersion: "1.0.0")
        settings.interval = .milliseconds(1)
        let transports = Guarded<[RehearsalTransport]>([])
        let remote = RemoteConfigProduct(rehearsal: settings) { _ in
            let transport = RehearsalTransport(files: [
                ("datadog/2/P/a/config", #"{"list":[1,true]}"#), ("datadog/2/APM_TRACING/a/config", tracing),
            ])
            transports.withLock { $0.append(transport) }
            return transport
        }
        remote.registerCallback(RehearsalCallback(), for: "P", capabilities: [.apmTracingEnabled])
        remote.enableProduct("P")
        guard let manager = try? ProductManager([remote, RehearsalTracer()]) else { return false }
        let apm = APMTracingProduct(manager, over: remote, identity: APMIdentity(service: "s", env: "e"))
        guard (try? manager.register(apm)) != nil else { return false }
        manager.start()
        // On a machine with much to do it may take longer than it is waited for, and is then less than complete.
        _ = transports.withLock { $0 }.last?.wait()
        remote.stop(join: true)
        ProcessWatch.rehearse(manager)
        _ = transports.withLock { $0 }.last?.wait()
        _ = (remote.state, remote.runtimeID, remote.hasAnswer)
        manager.stop(join: true)
        return true
    }()
}
