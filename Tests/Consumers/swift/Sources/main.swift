// main.swift: a Swift user of Graft outside its tree: counts the calls of one of its own methods.
// Built by use-swift-path and use-swift-tag. Exit status 0 when the count and the results are exact.
import Graft

struct Order {
    let unit: Int

    @inline(never)
    func price(quantity: Int) -> Int { unit * quantity }
}

let calls = 1000
let instrumentation = try Instrumentation.start()
let request = ProbeRequest(target: try Target("consumer:Order.price(quantity:)"), mode: .count)
let outcome = instrumentation.apply([.install(request)])[0]
guard let probe = outcome.probe, outcome.installed >= 1 else { fatalError("not installed: \(outcome)") }

var sum = 0
for quantity in 0..<calls { sum += Order(unit: 2).price(quantity: quantity) }
let hits = try instrumentation.hits(of: probe)
_ = instrumentation.apply([.remove(probe)])
instrumentation.stop()

print("\(Instrumentation.version): \(hits) hits, sum \(sum)")
guard hits == calls, sum == calls * (calls - 1) else { fatalError("expected \(calls) hits") }
