// ModelWorld: a core agent, a network and a consumer's machine, small enough to try everything.
//
// Owns what can happen next in each state, what becomes of it, and what must never be. The core agent's configuration is its
// number: what the consumer shows is right when it is the number of the same life of the core agent. Neighbours: ModelCheck
// tries all orders.

@testable import GraftConfigStream

/// One state of everything.
struct ModelWorld {
    /// Something that can happen.
    enum Move: Hashable {
        /// The core agent changes a setting; whether the message is lost on the way.
        case change(lost: Bool)
        /// The core agent says a snapshot on a stream by itself.
        case resync(Int)
        /// The next message of a stream arrives.
        case deliver(Int)
        /// A stream ends: in good order, or broken.
        case end(Int, isBroken: Bool)
        /// The core agent forgets its sessions.
        case forget
        /// The core agent dies and comes back.
        case restart
        /// The consumer's session is refreshed.
        case refresh
        /// The consumer carries out the first action of a kind that it has not carried out yet; whether it succeeds.
        case carryOut(Int, succeeds: Bool)
    }

    /// A message on its way.
    struct Message: Hashable {
        var isSnapshot: Bool
        var life: Int
        var sequence: Int32
    }

    /// A stream as the core agent sees it.
    struct Pipe: Hashable {
        var id: Int
        var messages: [Message]
    }

    /// What must never be.
    struct Violation: Error, CustomStringConvertible {
        var description: String
    }

    /// A mistake that is made on purpose, to see that it is found.
    enum Plant: Hashable {
        /// A rejected session is taken for a broken connection.
        case rejectionTakenForBreak
    }

    var machine: StreamMachine
    var plant: Plant?
    var life = 1
    var sequence: Int32 = 0
    var sessions: Set<String> = []
    var lastSession = 0
    var pipes: [Pipe] = []
    /// What the machine wants and has not got yet.
    var pending: [StreamMachine.Action] = []
    /// What readers see.
    var shown: Message?
    let now: ContinuousClock.Instant

    /// The world before anything has happened.
    init(_ profile: StreamProfile, healthyAfter: Duration, plant: Plant? = nil) throws {
        machine = StreamMachine(
            profile: profile, healthyAfter: healthyAfter, sessionIsFixed: false, order: try StreamOrder(profile))
        now = .now
        self.plant = plant
        pending = machine.start()
    }

    /// The same world, to go another way.
    func fork() throws -> ModelWorld {
        var copy = self
        copy.machine.order = try machine.order.fork()
        return copy
    }

    /// What can happen next.
    var moves: [Move] {
        var moves: [Move] = [.change(lost: false), .change(lost: true), .restart]
        if !sessions.isEmpty { moves.append(.forget) }
        if case .active = machine.session { moves.append(.refresh) }
        for (index, pipe) in pipes.enumerated() {
            if !pipe.messages.isEmpty { moves.append(.deliver(index)) }
            moves += [.end(index, isBroken: true), .end(index, isBroken: false), .resync(index)]
        }
        for (index, action) in pending.enumerated() {
            moves.append(.carryOut(index, succeeds: true))
            if case .wait = action { continue }
            moves.append(.carryOut(index, succeeds: false))
        }
        return moves
    }

    /// Lets something happen.
    mutating func make(_ move: Move) throws {
        switch move {
        case .change(let isLost):
            sequence += 1
            if !isLost { say(Message(isSnapshot: false, life: life, sequence: sequence)) }
        case .resync(let index):
            pipes[index].messages.append(Message(isSnapshot: true, life: life, sequence: sequence))
        case .deliver(let index):
            try deliver(pipes[index].id, pipes[index].messages.removeFirst())
        case .end(let index, let isBroken):
            end(index, isBroken ? StreamFailure(.unavailable, "broken") : nil)
        case .forget: sessions = []
        case .restart:
            life += 1
            sequence = 0
            sessions = []
            while !pipes.isEmpty { end(0, StreamFailure(.unavailable, "gone")) }
        case .refresh:
            guard case .active(let id) = machine.session, !sessions.contains(id) else { break }
            take(machine.refreshFailed(id, rejection(.notFound)))
        case .carryOut(let index, let succeeds): carryOut(pending.remove(at: index), succeeds)
        }
        if pipes.count > 2 { throw Violation(description: "\(pipes.count) streams are open") }
    }

    /// Says something on every stream.
    private mutating func say(_ message: Message) {
        for index in pipes.indices { pipes[index].messages.append(message) }
    }

    /// How the core agent's rejection of a session reaches the machine.
    private func rejection(_ code: StreamFailure.Code) -> StreamFailure {
        StreamFailure(plant == .rejectionTakenForBreak ? .unavailable : code, "no such session")
    }

    /// A stream ends.
    private mutating func end(_ index: Int, _ failure: StreamFailure?) {
        let id = pipes.remove(at: index).id
        take(machine.streamEnded(id, failure, at: now))
    }

    /// A message arrives; what it leads to must be right.
    private mutating func deliver(_ id: Int, _ message: Message) throws {
        let event: StreamEvent =
            message.isSnapshot
            ? .snapshot(StreamSnapshot(origin: "", sequence: message.sequence, settings: []))
            : .update(
                StreamUpdate(
                    origin: "", sequence: message.sequence, setting: StreamSetting(key: "k", source: "file", value: nil)
                ))
        let (effect, actions) = machine.receive(id, StreamMessage(event), at: now)
        if case .apply = effect {
            if let shown, shown.life == message.life, message.sequence <= shown.sequence, !message.isSnapshot {
                throw Violation(description: "\(message.sequence) was applied after \(shown.sequence)")
            }
            if let shown, shown.life == message.life, message.sequence < shown.sequence {
                throw Violation(description: "a snapshot of \(message.sequence) took \(shown.sequence) back")
            }
            if !message.isSnapshot, shown?.life != message.life || shown.map({ $0.sequence + 1 }) != message.sequence {
                throw Violation(description: "\(message) was applied after \(shown.map { "\($0)" } ?? "nothing")")
            }
            shown = message
        }
        take(actions)
    }

    /// Takes the machine's actions: a stream is closed and a session given up at once, the rest is carried out by moves.
    private mutating func take(_ actions: [StreamMachine.Action]) {
        for action in actions {
            switch action {
            case .close(let id):
                pipes.removeAll { $0.id == id }
                pending.removeAll { if case .open(id, _) = $0 { true } else { false } }
            case .keepSession, .endSession: break
            case .obtainSession, .open, .wait: pending.append(action)
            }
        }
    }

    /// Carries out an action.
    private mutating func carryOut(_ action: StreamMachine.Action, _ succeeds: Bool) {
        switch action {
        case .wait(let timer, _): take(machine.waited(timer))
        case .obtainSession(let number) where succeeds:
            lastSession += 1
            sessions.insert("s\(lastSession)")
            take(
                machine.sessionObtained(
                    number, Registration(sessionID: "s\(lastSession)", refreshIntervalSeconds: 10)))
        case .obtainSession(let number): take(machine.sessionRefused(number, StreamFailure(.unavailable, "nobody")))
        case .open(let id, let session) where !succeeds || !sessions.contains(session):
            let failure = succeeds ? rejection(.permissionDenied) : StreamFailure(.unavailable, "nobody")
            take(machine.streamEnded(id, failure, at: now))
        case .open(let id, _):
            pipes.append(Pipe(id: id, messages: [Message(isSnapshot: true, life: life, sequence: sequence)]))
        case .close, .keepSession, .endSession: break
        }
    }
}

extension ModelWorld {
    /// Lets everything that is due happen, in good order and without faults, until nothing is; then the core agent changes one more
    /// setting, and the consumer must show it.
    mutating func settle() throws {
        for isLast in [false, true] {
            if isLast { try make(.change(lost: false)) }
            var steps = 0
            while let move = dueMove {
                try make(move)
                steps += 1
                if steps > 60 { throw Violation(description: "it never comes to rest: \(self.summary)") }
            }
            // A session that was forgotten while its stream was open is found by the next refresh.
            if !isLast, case .active(let id) = machine.session, !sessions.contains(id) {
                try make(.refresh)
                return try settle()
            }
        }
        guard shown == Message(isSnapshot: shown?.isSnapshot ?? false, life: life, sequence: sequence) else {
            throw Violation(
                description: "it shows \(shown.map { "\($0)" } ?? "nothing"), the core agent has \(life)/\(sequence)")
        }
        guard machine.state(staleSince: nil) == .live else {
            throw Violation(description: "it is not live: \(summary)")
        }
    }

    /// What happens next when nothing goes wrong; nil at rest.
    private var dueMove: Move? {
        if !pending.isEmpty { return .carryOut(0, succeeds: true) }
        return pipes.firstIndex(where: { !$0.messages.isEmpty }).map { .deliver($0) }
    }

    /// The state as a text, in which numbers that only tell things apart are left out.
    var summary: String {
        let session =
            switch machine.session {
            case .none: "none"
            case .asking: "asking"
            case .pausing: "pausing"
            case .active(let id): sessions.contains(id) ? "active" : "forgotten"
            }
        func role(_ id: Int) -> String { id == machine.current?.id ? "c" : id == machine.next?.id ? "n" : "?" }
        let actions = pending.map { action in
            switch action {
            case .obtainSession(let number): machine.session == .asking(number) ? "ask" : "old-ask"
            case .open(let id, let session): "open-\(role(id))-\(sessions.contains(session))"
            case .wait(.session(let number), _): machine.session == .pausing(number) ? "wait-s" : "old-wait"
            case .wait(.stream(let number), _): machine.pause == number ? "wait-p" : "old-wait"
            case .close, .keepSession, .endSession: ""
            }
        }
        let flow = pipes.map { pipe in
            role(pipe.id) + pipe.messages.map { "\($0.isSnapshot ? "S" : "u")\($0.life).\($0.sequence)" }.joined()
        }
        let known = [machine.current, machine.next].map {
            $0.map { "\($0.hasSnapshot)\(sessions.contains($0.session))" } ?? "-"
        }
        return "\(session)|\(known)|\(machine.isBehind)|\(machine.pause != nil)|\(min(machine.streamTroubles, 1))|"
            + "\(machine.order.sequence)|\(life).\(sequence)|\(!sessions.isEmpty)|\(flow)|\(actions)|"
            + (shown.map { "\($0.life).\($0.sequence)" } ?? "-")
    }
}
