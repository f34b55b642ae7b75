// Judgement: what an answer means for a state, before anything has changed.
//
// Owns the way from a status and bytes to a decision. It takes all the time that there is to take (reading, hashing), and
// it changes nothing: the owner of a state may let it run on a copy, outside any lock. Neighbours: Committing carries a
// judgement out.

internal import GraftConfig

/// What an answer means.
struct Judgement: Sendable {
    /// The decision.
    enum Meaning: Sendable {
        /// The agent has been asked what it can do.
        case info(offersRemoteConfig: Bool)
        /// Nothing has changed.
        case unchanged
        /// What the agent has is too old to be used.
        case expired
        /// This is in force now.
        case update(Update)
        /// The answer cannot be used.
        case refused(ConfigError)
        /// The agent has no Remote Configuration.
        case notOffered
        /// There was no answer, or one of a server in trouble.
        case failed(String)
    }

    /// All that is in force from now on.
    struct Update: Sendable {
        /// The targets' version.
        var targetsVersion: UInt64
        /// What the back end asks to be told.
        var backendState: String?
        /// The pause that the back end asks for, in seconds.
        var refreshInterval: Double?
        /// The root's version, when the answer has one.
        var rootVersion: UInt64?
        /// What is decided about each file, in the agent's order.
        var files: [(path: ConfigPath, verdict: FileVerdict)] = []
        /// The paths that are none.
        var badPaths: [(text: ExactText, refusal: Refusal)] = []
    }

    /// The decision.
    var meaning: Meaning
}

extension RemoteConfigState {
    /// What an answer to `exchange` means. Changes nothing.
    func judge(_ answer: HTTPAnswer, to exchange: AgentExchange) -> Judgement {
        switch (answer, exchange) {
        case (.failure(let reason), _): Judgement(meaning: .failed(reason))
        case (.response(status: 404, _), _): Judgement(meaning: .notOffered)
        case (.response(status: 200, let body), .info): Judgement(meaning: Self.meaning(ofInfo: body))
        case (.response(status: 200, let body), .config): Judgement(meaning: meaning(ofConfig: body))
        case (.response(status: 204, _), .config): Judgement(meaning: .unchanged)
        case (.response(let status, _), _): Judgement(meaning: .failed("the agent answered with status \(status)"))
        }
    }

    /// What an answer to `/info` means.
    private static func meaning(ofInfo body: [UInt8]) -> Judgement.Meaning {
        do throws(ConfigError) {
            return .info(offersRemoteConfig: try AgentInfo.read(body).offersRemoteConfig)
        } catch {
            return .failed("the agent's /info cannot be read: \(error)")
        }
    }

    /// What an answer to a request for configuration means.
    private func meaning(ofConfig body: [UInt8]) -> Judgement.Meaning {
        do throws(ConfigError) {
            let response = try ConfigResponse.read(body, limits: limits)
            if response.isExpired { return .expired }
            guard let targets = response.targets else { return .unchanged }
            return .update(try update(response, targets))
        } catch {
            return .refused(error)
        }
    }

    /// Judges the files of an answer. Those of products that nobody has asked for are left out, and so neither held nor
    /// reported.
    private func update(_ response: ConfigResponse, _ targets: SignedTargets) throws(ConfigError) -> Judgement.Update {
        var update = Judgement.Update(targetsVersion: targets.version)
        update.backendState = targets.backendState
        update.refreshInterval = targets.refreshInterval
        update.rootVersion = response.rootVersion
        let judge = FileJudge(response: response, targets: targets, limits: limits)
        for text in response.configurations {
            let path: ConfigPath
            do throws(ConfigError) {
                path = try ConfigPath(text.text)
            } catch {
                update.badPaths.append((text, Refusal(path: text.text, version: nil, reason: error.message)))
                continue
            }
            guard isWanted(path.product) else { continue }
            update.files.append((path, try judge.verdict(on: path, held: held[path]?.payload)))
        }
        return update
    }
}
