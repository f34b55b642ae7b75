// RemoteConfigState: everything that a client of Remote Configuration knows, as one value.
//
// Owns what to ask, what was answered and what is in force. It does no I/O, reads no clock and calls nobody: a test, or a
// poller, asks it for the next exchange, carries that out and gives it the answer. Its parts: Judgement says what an
// answer means, Committing puts that in force, Reporting makes requests. Neighbours: RemoteConfigPoller owns one.

/// The state of a client.
///
/// ```swift
/// var state = RemoteConfigState(clientID: id, tracer: tracer)
/// state.enable("SCA_DETECTION")
/// let exchange = state.nextExchange()
/// let outcome = state.receive(send(exchange.httpRequest), to: exchange)
/// for changes in outcome.changes { apply(changes.payloads) }
/// ```
public struct RemoteConfigState: Sendable {
    /// The client's identifier.
    public let clientID: String
    /// How much an answer may ask for.
    public let limits: RemoteConfigLimits
    /// Who asks. Whatever changes here is in the next request.
    public var tracer: ClientTracer
    /// What the client can do.
    public var capabilities: Capabilities = []
    /// How things stand with the agent.
    public internal(set) var link: AgentLink
    /// How long to wait between polls.
    public internal(set) var pace: PollPace

    /// The products that are asked for, in the order in which they were enabled.
    public private(set) var products: [String] = []
    /// The products that somebody waits for, enabled or not.
    private var handled: Set<String> = []

    /// What is in force.
    var held: [ConfigPath: HeldConfig] = [:] { didSet { madeLists = nil } }
    /// What was refused, until it is gone or good.
    var refusals: [ExactText: Refusal] = [:] { didSet { madeLists = nil } }
    /// What requests say about both; nil until somebody asks after a change.
    private var madeLists: RequestLists?
    /// The root's version.
    var rootVersion: UInt64 = 1
    /// The version of the targets that are in force.
    var targetsVersion: UInt64 = 0
    /// Whether an agent has ever stated what is in force.
    var hasStatement = false
    /// What the back end asks to be told.
    var backendState: String?
    /// What was wrong with the last answer as a whole.
    var error: String?

    /// Grows whenever everything is to be asked for once: the agent says "nothing has changed" to a client that has its
    /// version, even if the client wants more products than before.
    private var wish: UInt64 = 0
    /// The wish that the last exchange carried.
    private var askedWish: UInt64 = 0
    /// The wish that was answered last.
    private var grantedWish: UInt64 = 0

    /// A client that has asked for nothing yet. `clientID` must not be the tracer's runtime identifier.
    ///
    /// - Parameters:
    ///   - clientID: a new UUID for each process.
    ///   - tracer: who asks.
    ///   - pace: how long to wait between polls.
    ///   - asksInfo: whether the agent is asked first if it offers Remote Configuration at all.
    ///   - limits: how much an answer may ask for.
    public init(
        clientID: String, tracer: ClientTracer, pace: PollPace = PollPace(), asksInfo: Bool = true,
        limits: RemoteConfigLimits = RemoteConfigLimits()
    ) {
        precondition(clientID != tracer.runtimeID, "a client and its runtime have identifiers of their own")
        self.clientID = clientID
        self.tracer = tracer
        self.pace = pace
        self.limits = limits
        link = AgentLink(asksInfo: asksInfo)
    }
}

// MARK: What is wanted

extension RemoteConfigState {
    /// Asks for a product from the next request on; false if it was asked for already.
    @discardableResult
    public mutating func enable(_ product: String) -> Bool {
        guard !products.contains(product) else { return false }
        products.append(product)
        wish += 1
        return true
    }

    /// Asks no longer for a product; false if it was not asked for. What is in force stays until the agent takes it back.
    @discardableResult
    public mutating func disable(_ product: String) -> Bool {
        guard let index = products.firstIndex(of: product) else { return false }
        products.remove(at: index)
        wish += 1
        return true
    }

    /// Says that somebody waits for the product's configurations, whether it is enabled or not.
    public mutating func handle(_ product: String) {
        let wasWanted = isWanted(product)
        handled.insert(product)
        if !wasWanted { wish += 1 }
    }

    /// Says that nobody waits for the product's configurations any more: nobody has them in force.
    public mutating func abandon(_ product: String) {
        handled.remove(product)
        for path in held.keys where path.product == product { held[path]?.acknowledgement = .unacknowledged }
    }

    /// Whether the product's configurations are held.
    func isWanted(_ product: String) -> Bool { products.contains(product) || handled.contains(product) }
}

// MARK: What is asked

extension RemoteConfigState {
    /// What to ask the agent now. The answer is for `receive(_:to:)`; one exchange at a time.
    public mutating func nextExchange() -> AgentExchange {
        guard link.phase == .online else { return .info }
        askedWish = wish
        madeLists = lists
        return .config(request)
    }

    /// What requests say about files.
    var lists: RequestLists { madeLists ?? RequestLists(held, refusals) }

    /// Takes in an answer.
    public mutating func receive(_ answer: HTTPAnswer, to exchange: AgentExchange) -> ReceiveOutcome {
        commit(judge(answer, to: exchange))
    }

    /// Whether the next request asks for everything.
    var asksForEverything: Bool { wish != grantedWish }

    /// The agent has answered what it was asked.
    mutating func grantWish() { grantedWish = askedWish }

    /// Everything is to be asked for once more.
    mutating func askForEverything() { wish += 1 }

    /// How long to wait until the next exchange. `random` is from 0 up to, not including, 1.
    public func delay(random: Double) -> Duration {
        pace.delay(fruitlessRounds: link.fruitlessRounds, random: random)
    }
}
