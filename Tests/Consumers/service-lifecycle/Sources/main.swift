// main.swift: a Swift program outside the tree that runs products and a poller in a service group. Started by
// use-service-lifecycle, which sends the signal and compares what the program says.
//
//   consumer run | cancel | tolerate | refuse | busy

import Glibc
import GraftProducts
import GraftRemoteConfig
import GraftServices
import Logging
import ServiceLifecycle

var products = [
    Speaker(name: "web", requires: ["store"]), Speaker(name: "store"), Speaker(name: "audit", requires: ["web"]),
]
let scenario = CommandLine.arguments.dropFirst().first ?? ""
if scenario == "tolerate" || scenario == "refuse" { products.append(Speaker(name: "bad", breaks: true)) }
// As many again, each slow, as the pool has threads on any machine that this is tested on: if starts blocked them, it would
// show.
let others = try (0..<(scenario == "busy" ? 64 : 0)).map { number in
    try ProductManager([Speaker(name: "slow \(number)", milliseconds: 300)])
}
if scenario == "busy" { products = [Speaker(name: "slow", milliseconds: 300)] }

let manager = try ProductManager(products)
try manager.watchProcess()

let tracer = ClientTracer(runtimeID: "runtime", tracerVersion: "1.0.0", service: "shop", environment: "ci")
let state = RemoteConfigState(
    clientID: "client", tracer: tracer, pace: PollPace(interval: .milliseconds(50)), asksInfo: false)
var hooks = RemoteConfigHooks()
hooks.onEnd = { say("poller ends") }
let thread = RemoteConfigThread(state: state, transport: Transport(), hooks: hooks)
thread.poller.registerCallback(Shop(), for: "SHOP")
thread.poller.enableProduct("SHOP")

/// Says when all run: what the script waits for before it sends its signal.
struct Ready: Service {
    let isReady: @Sendable () -> Bool
    func run() async throws {
        while !isReady() { try await Task.sleep(for: .milliseconds(5)) }
        say("ready")
        try? await gracefulShutdown()
    }
}

/// Wants a turn in the pool every millisecond; how often it had one while the products started.
func countTurns() async -> Int {
    var turns = 0
    while !manager.isRunning("slow") {
        turns += 1
        try? await Task.sleep(for: .milliseconds(1))
    }
    return turns
}

let last = products.last { !$0.breaks }!.name
let ready = Ready { [manager, thread, last] in
    manager.isRunning(last) && !thread.poller.payloads(for: "SHOP").isEmpty
}
let group = ServiceGroup(
    configuration: .init(
        services: [
            .init(service: ProductService(manager, onFailure: scenario == "refuse" ? .endGroup : .goOn)),
            .init(service: RemoteConfigService(thread)), .init(service: Server()), .init(service: ready),
        ] + others.map { .init(service: ProductService($0)) },
        gracefulShutdownSignals: [.sigterm], cancellationSignals: [.sigint], logger: Logger(label: "consumer")))
async let turns = scenario == "busy" ? countTurns() : 0
do {
    try await group.run()
    say("group ends")
} catch {
    say("group ends: \(error)")
}
if scenario == "busy" { say(await turns > 50 ? "the pool was free" : "the pool was blocked") }
