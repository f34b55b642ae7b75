// ScriptedTransport.swift: a way to a Datadog agent that has its answers ready.
//
// Owns the list of answers and what was sent. It does no I/O.

public import GraftRemoteConfig
private import Synchronization

/// Gives one answer after the other, then "nothing has changed". Any thread.
public final class ScriptedTransport: RemoteConfigTransport, Sendable {
    private let answers: Mutex<[HTTPAnswer]>
    private let questions = Mutex<[HTTPRequest]>([])

    /// A transport that gives these answers.
    public init(_ answers: [HTTPAnswer] = []) { self.answers = Mutex(answers) }

    /// A transport that gives these offers.
    public convenience init(_ offers: Offer...) { self.init(offers.map(\.answer)) }

    /// What was sent.
    public var sent: [HTTPRequest] { questions.withLock { $0 } }

    /// Notes the question and gives the next answer.
    public func send(_ request: HTTPRequest) -> HTTPAnswer {
        questions.withLock { $0.append(request) }
        return answers.withLock { $0.isEmpty ? .ok("{}") : $0.removeFirst() }
    }
}
