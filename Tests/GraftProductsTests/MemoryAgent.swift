// MemoryAgent: an agent in memory, and callbacks that remember, for the tests of the products over Remote Configuration.
//
// Owns the waiting: a test waits for a question that fits, or for a delivery, never for a time.

import GraftConfig
import GraftProducts
import GraftRemoteConfig
import GraftTestKit
import Synchronization

/// Answers each question with what is offered at the time, as an agent does that keeps no account of its clients.
final class MemoryAgent: RemoteConfigTransport, Sendable {
    private let answer: Mutex<HTTPAnswer>
    private let questions = Mutex<[JSONValue]>([])
    private let isAsked = WaitSemaphore()

    /// An agent that offers this.
    init(_ files: OfferedFile...) { answer = Mutex(Offer(1, files).answer) }

    /// Offers something else from now on.
    func change(_ version: UInt64, _ files: OfferedFile...) {
        let next = Offer(version, files).answer
        answer.withLock { $0 = next }
    }

    func send(_ request: HTTPRequest) -> HTTPAnswer {
        if request.path == "/info" { return .info }
        let body = (try? JSONDocument.parse(request.body))?.root.value
        questions.withLock { $0.append(body?["client"] ?? .null) }
        defer { isAsked.signal() }
        return answer.withLock { $0 }
    }

    /// What was asked: the `client` of each request.
    var asked: [JSONValue] { questions.withLock { $0 } }

    /// Waits for a question that fits; nil when there is none within ten seconds.
    @discardableResult
    func wait(for fits: (JSONValue) -> Bool) -> JSONValue? {
        let end = MonotonicTime.now(plus: .seconds(10))
        while true {
            if let found = asked.first(where: fits) { return found }
            guard isAsked.wait(until: end) else { return nil }
        }
    }

    /// Settings and a product that asks this agent often.
    func product(hooks: RemoteConfigHooks = RemoteConfigHooks()) throws -> RemoteConfigProduct {
        var settings = RemoteConfigSettings(
            address: try AgentAddress(url: "http://localhost:1"), service: "shop", environment: "ci",
            tracerVersion: "1.0.0")
        settings.interval = .milliseconds(5)
        return RemoteConfigProduct(settings, transport: { [self] _ in self }, hooks: hooks)
    }
}

extension JSONValue {
    /// The products that a `client` asks for.
    var products: [String] { (self["products"]?.array ?? []).compactMap(\.string) }
    /// What a `client` reports of a configuration: `2`, or `3: message`.
    func report(of id: String) -> String? {
        let states = self["state"]?["config_states"]?.array ?? []
        guard let state = states.first(where: { $0["id"]?.string == id }) else { return nil }
        let error = state["apply_error"]?.string ?? ""
        return "\(state["apply_state"]?.integer ?? -1)" + (error.isEmpty ? "" : ": \(error)")
    }
}

/// Remembers what it was given, does something, and lets a test wait for it.
final class Inbox: RCCallback, Sendable {
    private let seen = Mutex<[[String]]>([])
    private let isFilled = WaitSemaphore()
    private let action: @Sendable () throws -> Void

    init(_ action: @escaping @Sendable () throws -> Void = {}) { self.action = action }

    func callAsFunction(payloads: [Payload]) throws {
        seen.withLock { $0.append(payloads.map { ($0.isRemoval ? "-" : "+") + $0.path.id }) }
        defer { isFilled.signal() }
        try action()
    }

    /// The deliveries so far: `-id` for a removal, `+id` for the rest.
    var deliveries: [[String]] { seen.withLock { $0 } }

    /// Waits for one more delivery; false when there is none within ten seconds.
    func wait() -> Bool { isFilled.wait(until: MonotonicTime.now(plus: .seconds(10))) }
}
