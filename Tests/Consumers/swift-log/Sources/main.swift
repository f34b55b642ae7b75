// main.swift: a Swift user of Graft outside its tree who has bootstrapped swift-log: the library's changes of state come
// as messages with level and metadata, its hits do not. Built by use-swift-log. Ends with a trap when one is missing.
import Graft
import GraftLogging
import Logging

struct Order {
    let unit: Int

    @inline(never)
    func price(quantity: Int) -> Int { unit * quantity }
}

/// The messages since the last call.
func drain() -> [Captured] {
    CapturingHandler.captured.withLock { captured in
        defer { captured = [] }
        return captured
    }
}

/// Ends the program unless a message like this is among them.
func expect(_ level: Logger.Level, _ text: String, _ metadata: [String: String], in messages: [Captured]) {
    let found = messages.contains { message in
        message.level == level && message.text.contains(text) && message.metadata == metadata
            && message.label == "shop" && message.source == "Graft"
    }
    guard found else { fatalError("no \(level) message with \(text) and \(metadata) among \(messages)") }
    print("ok swift-log is told: \(level) \(text)")
}

LoggingSystem.bootstrap { CapturingHandler(label: $0) }
var logger = Logger(label: "shop")
logger[metadataKey: "host"] = "here"

let instrumentation = try Instrumentation.start(logger: logger)
expect(.info, "start \(Instrumentation.version)", ["host": "here", "graft.room": "start"], in: drain())

let request = ProbeRequest(target: try Target("consumer:Order.price(quantity:)"), mode: .count)
guard let probe = instrumentation.apply([.install(request)])[0].probe else { fatalError("not installed") }
let installed = drain()
expect(
    .debug, "Order.price(quantity:)", ["host": "here", "graft.room": "probe", "graft.probe": "\(probe.id)"],
    in: installed)
expect(.debug, "patch: installed ", ["host": "here", "graft.room": "patch"], in: installed)

var sum = 0
for quantity in 0..<1000 { sum += Order(unit: 2).price(quantity: quantity) }
guard sum == 999_000, try instrumentation.hits(of: probe) == 1000 else { fatalError("the calls are wrong") }
let hits = drain()
guard hits.isEmpty else { fatalError("hits were logged: \(hits)") }
print("ok swift-log is told of no hit")

let refused = ProbeRequest(target: try Target("*:_start"), mode: .count)
_ = instrumentation.apply([.install(refused)])
expect(.notice, "probe: refused ", ["host": "here", "graft.room": "probe"], in: drain())

_ = instrumentation.apply([.remove(probe)])
let removed = drain()
expect(.debug, "patch: restored ", ["host": "here", "graft.room": "patch"], in: removed)
expect(.debug, "removed ", ["host": "here", "graft.room": "probe", "graft.probe": "\(probe.id)"], in: removed)

instrumentation.stop()
expect(.info, "stop", ["host": "here", "graft.room": "stop"], in: drain())
