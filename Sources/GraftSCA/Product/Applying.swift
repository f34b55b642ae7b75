// Applying.swift: an update, from its bytes to the plan.
//
// Owns the decision what an update means as a whole: ignored, refused (nothing changes), applied, or applied in part.
// Neighbours: PayloadReader.swift reads, Planner.swift compares, CarryingOut.swift acts.

internal import Graft
package import GraftConfig

extension ProductState {
    /// Takes in one update.
    mutating func apply(_ update: ConfigUpdate) -> SCAProduct.Acknowledgement {
        if let reason = closedReason {
            return settle(update, .ignored, errors: [ConfigError(.disabled, reason, path: update.path)])
        }
        do throws(ConfigError) {
            let payload = try read(update)
            // The snapshot's own path first: what moves from one path to another must not be removed in between.
            var plan = replace(update.path, with: payload?.wishes ?? [])
            for path in update.isSnapshot ? configurations.keys.filter({ $0 != update.path }) : [] {
                plan.append(replace(path, with: []))
                faults.wanted[path] = nil
                forget(path)
            }
            faults.wanted[update.path] = payload?.faults
            retryFailed(into: &plan)
            carryOut(plan)
            carryOutFaults()
            retry = Backoff()
            return accept(update, payload)
        } catch {
            payloadsRefused += 1
            return settle(update, .refused, errors: [error.at(path: update.path)])
        }
    }

    /// Why nothing may be done; nil when the product may act.
    private var closedReason: String? { stopped ? "the product has been stopped" : gate.reason }

    /// Reads the payload and holds it against the limits; nil for a removal.
    private func read(_ update: ConfigUpdate) throws(ConfigError) -> Payload? {
        guard let bytes = update.bytes else { return nil }
        let payload = try PayloadReader.read(bytes, refusingFaults: gate.faults.reason)
        // A snapshot leaves nothing beside itself, so only its own targets count.
        let others = update.isSnapshot ? Planner() : planner
        let paths = update.isSnapshot ? [] : Set(configurations.keys)
        guard paths.contains(update.path) || paths.count < ProductLimits.paths else {
            throw ConfigError(.limit, "at most \(ProductLimits.paths) configurations are in force at once")
        }
        guard others.count(replacing: update.path, with: payload.wishes) <= ProductLimits.targets else {
            throw ConfigError(.limit, "all configurations together have at most \(ProductLimits.targets) targets")
        }
        return payload
    }

    /// Replaces the wishes of one configuration.
    private mutating func replace(_ path: String, with wishes: [Wish]) -> Planner.Plan {
        let conditional = wishes.filter { $0.advisory?.isConditional == true }
        if !conditional.isEmpty {
            lookAtImages()
            learnPackages(of: Set(conditional.map(\.target)))
        }
        return plan { $0.replace(path, with: wishes, verdict: $1) }
    }

    /// Notes that an update is in force.
    private mutating func accept(_ update: ConfigUpdate, _ payload: Payload?) -> SCAProduct.Acknowledgement {
        payloadsApplied += 1
        guard let payload else {
            forget(update.path)
            return SCAProduct.Acknowledgement(path: update.path, version: update.version, state: .applied, errors: [])
        }
        refusedTargets[update.path] = payload.refused.isEmpty ? nil : payload.refused
        var errors = payload.errors.map { $0.at(path: update.path) }
        if payload.errorsOmitted > 0 {
            errors.append(
                ConfigError(.limit, "\(payload.errorsOmitted) further errors are not shown", path: update.path))
        }
        if !errors.isEmpty { payloadsPartial += 1 }
        return settle(update, errors.isEmpty ? .applied : .partial, errors: errors)
    }

    /// Notes what became of an update, and says it. A refused or ignored one leaves the version in force as it was.
    private mutating func settle(
        _ update: ConfigUpdate, _ state: Report.Configuration.State, errors: [ConfigError]
    ) -> SCAProduct.Acknowledgement {
        let known = configurations[update.path]
        let isInForce = state == .applied || state == .partial
        if known != nil || configurations.count < ProductLimits.paths {
            configurations[update.path] = Report.Configuration(
                path: update.path, version: isInForce ? update.version : known?.version, state: state, errors: errors)
        }
        if state == .ignored && update.isRemoval { forget(update.path) }
        return SCAProduct.Acknowledgement(path: update.path, version: update.version, state: state, errors: errors)
    }

    /// Forgets a configuration that is gone.
    private mutating func forget(_ path: String) {
        configurations[path] = nil
        refusedTargets[path] = nil
    }
}

extension ConfigError.Code {
    /// The product is switched off or has been stopped.
    package static let disabled = Self("disabled")
}

extension Planner.Plan {
    /// Adds what another plan changes.
    mutating func append(_ other: Planner.Plan) {
        remove += other.remove
        setMode += other.setMode
        install += other.install
    }
}
