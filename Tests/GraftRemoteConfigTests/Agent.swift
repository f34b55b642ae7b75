// Agent: a client's state, and what its answers come to, as these tests write them.
//
// Owns the short forms. The answers themselves are GraftTestKit's.

import GraftConfig
import GraftRemoteConfig
import GraftTestKit

extension RemoteConfigState {
    /// A client that asks for `products`, with callbacks for them, and does not ask for `/info`.
    static func asking(
        for products: [String] = ["ASM_FEATURES"], limits: RemoteConfigLimits = RemoteConfigLimits()
    ) -> RemoteConfigState {
        let tracer = ClientTracer(runtimeID: "runtime", tracerVersion: "1.0.0", service: "shop", environment: "ci")
        var state = RemoteConfigState(clientID: "client", tracer: tracer, asksInfo: false, limits: limits)
        for product in products {
            state.handle(product)
            state.enable(product)
        }
        return state
    }

    /// One exchange with this answer.
    mutating func take(_ answer: HTTPAnswer) -> ReceiveOutcome {
        let exchange = nextExchange()
        return receive(answer, to: exchange)
    }

    /// One exchange with this answer.
    @discardableResult
    mutating func take(_ offer: Offer) -> ReceiveOutcome { take(offer.answer) }

    /// The paths that are in force.
    var paths: [String] { payloads.map(\.path.text) }

    /// Acknowledges all that is in force.
    mutating func acknowledgeAll() { for payload in payloads { acknowledge(payload.path, .acknowledged) } }
}

extension ReceiveOutcome {
    /// The changes as text: `-path` for a removal, `+path` for the rest.
    var summary: [String] { changes.flatMap(\.payloads).map { ($0.isRemoval ? "-" : "+") + $0.path.text } }
}

/// The path of a file of `ASM_FEATURES`.
func features(_ id: String) -> String { "datadog/2/ASM_FEATURES/\(id)/config" }
