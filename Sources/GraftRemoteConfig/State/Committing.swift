// Committing: putting in force what an answer means.
//
// Owns every change that an answer makes to a state. All of it is quick, all or nothing: a judgement that refuses the
// answer touches nothing but the error that the next request reports. Neighbours: Judgement decides.

internal import GraftConfig

extension RemoteConfigState {
    /// The most lines that one answer's refusals are worth.
    static let maximumRefusalLines = 10

    /// Carries out what an answer means.
    mutating func commit(_ judgement: Judgement) -> ReceiveOutcome {
        switch judgement.meaning {
        case .info(let offers):
            return outcome(.info(offersRemoteConfig: offers), link.note(offers ? .offered : .notOffered))
        case .notOffered: return outcome(.notOffered, link.note(.notOffered))
        case .failed(let reason): return outcome(.failed(reason), link.note(.failed(reason)))
        case .refused(let error):
            self.error = BoundedText.line(error.description)
            return outcome(.refused(error), link.note(.refused(error.description)))
        case .unchanged:
            // What had expired is not in force any more, so "unchanged" is not enough: it has to be sent again.
            if link.standing == .expired { askForEverything() }
            return succeed(.unchanged)
        case .expired: return expire()
        case .update(let update): return apply(update)
        }
    }

    /// An outcome without changes.
    private func outcome(_ verdict: ReceiveOutcome.Verdict, _ line: RemoteConfigLogLine?) -> ReceiveOutcome {
        var outcome = ReceiveOutcome(verdict)
        outcome.log = line.map { [$0] } ?? []
        return outcome
    }

    /// The agent has answered and the answer can be used.
    private mutating func succeed(_ verdict: ReceiveOutcome.Verdict) -> ReceiveOutcome {
        error = nil
        grantWish()
        return outcome(verdict, link.note(.answered))
    }

    /// Takes everything out of force. Version and back-end state stay as they are.
    private mutating func expire() -> ReceiveOutcome {
        error = nil
        hasStatement = true
        let removals = held.map { Payload(removed: $0.key, metadata: $0.value.payload.metadata) }
        held = [:]
        refusals = [:]
        var outcome = outcome(.expired, link.note(.expired))
        outcome.changes = ProductChanges.sorted(removals: removals, additions: [])
        return outcome
    }

    /// Puts all of an update in force.
    private mutating func apply(_ update: Judgement.Update) -> ReceiveOutcome {
        let before = (held: held, refusals: refusals)
        held = [:]
        refusals = [:]
        var additions: [Payload] = []
        for (path, verdict) in update.files {
            held[path] = before.held[path]
            held[path]?.isAdopted = false
            switch verdict {
            case .unchanged(let version): held[path]?.payload.metadata.version = version
            case .refused(let refusal): refusals[ExactText(path.text)] = refusal
            case .accepted(let payload):
                held[path] = HeldConfig(payload: payload)
                additions.append(payload)
            }
        }
        for (path, refusal) in update.badPaths { refusals[path] = refusal }
        let removals = before.held.filter { held[$0.key] == nil }.map {
            Payload(removed: $0.key, metadata: $0.value.payload.metadata)
        }
        advance(to: update)
        var outcome = succeed(.updated)
        outcome.changes = ProductChanges.sorted(removals: removals, additions: additions)
        outcome.refused = activeRefusals
        outcome.log += Self.lines(about: refusals.filter { before.refusals[$0.key] != $0.value }.map(\.value))
        return outcome
    }

    /// What to log about new refusals: the first ones, and how many more there are.
    private static func lines(about refusals: [Refusal]) -> [RemoteConfigLogLine] {
        let sorted = refusals.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        var lines = sorted.prefix(maximumRefusalLines).map {
            RemoteConfigLogLine(.warning, "a configuration is refused: \($0.path): \($0.reason)")
        }
        if sorted.count > maximumRefusalLines {
            let more = sorted.count - maximumRefusalLines
            lines.append(RemoteConfigLogLine(.warning, "\(more) more configurations are refused"))
        }
        return lines
    }

    /// Moves on to an update's versions.
    private mutating func advance(to update: Judgement.Update) {
        hasStatement = true
        targetsVersion = update.targetsVersion
        backendState = update.backendState
        if let version = update.rootVersion { rootVersion = version }
        pace.follow(refreshInterval: update.refreshInterval)
    }
}
