// Replay: carries out the commands.
//
// Owns one client at a time: a poller with a state, and the transport to the agent that the environment names. It has no
// thread: a poll is a command. Neighbours: main reads the commands, Recorder keeps what they lead to.

import GraftConfig
import GraftProducts
import GraftRemoteConfig

/// A client that is driven.
final class Replay {
    private let environment: [String: String]
    private let transport: AgentTransport
    private let recorder = Recorder()
    private var poller: RemoteConfigPoller
    /// How many clients there were: each has an identifier of its own.
    private var clients = 0

    /// A client as `DD_*` describe it.
    init(environment: [String: String]) throws {
        self.environment = environment
        transport = try AgentTransport(address: .chosen(by: environment), environment: environment)
        poller = Self.poller(environment, 0)
    }

    /// A new client.
    private static func poller(_ environment: [String: String], _ number: Int) -> RemoteConfigPoller {
        var tracer = ClientTracer(runtimeID: "the-runtime", tracerVersion: "1.0.0")
        tracer.service = environment["DD_SERVICE"] ?? ""
        tracer.environment = environment["DD_ENV"] ?? ""
        tracer.appVersion = environment["DD_VERSION"] ?? ""
        return RemoteConfigPoller(state: RemoteConfigState(clientID: "client-\(number)", tracer: tracer))
    }

    /// Carries out a command; what callbacks were given meanwhile.
    func carryOut(_ command: JSONNode) throws -> JSONValue {
        let product = command["product"]?.string ?? ""
        switch command["do"]?.string {
        case "start":
            clients += 1
            poller = Self.poller(environment, clients)
        case "register": try register(product, command)
        case "unregister": poller.unregisterCallback(product)
        case "enable": poller.enableProduct(product)
        case "disable": poller.disableProduct(product)
        case "poll": poller.poll(over: transport)
        default: throw command.error("no such command")
        }
        return recorder.take()
    }

    /// Registers the callback that a command describes.
    private func register(_ product: String, _ command: JSONNode) throws {
        var capabilities: Capabilities = []
        for bit in command["capabilities"]?.elements?.compactMap(\.integer) ?? [] {
            capabilities.insert(Capabilities(bit: Int(bit)))
        }
        let callback: any RCCallback =
            if command["behaviour"]?.string == "merge" {
                try MergingCallback(
                    identity: APMIdentity(
                        service: environment["DD_SERVICE"] ?? "", env: environment["DD_ENV"] ?? ""),
                    recorder: recorder)
            } else {
                RecordingCallback(
                    product: product, isBroken: command["behaviour"]?.string == "throw", recorder: recorder)
            }
        poller.registerCallback(callback, for: product, capabilities: capabilities)
    }
}
