// DependencyBook: the packages that the program uses, and what was told of them.
//
// Owns the rules of reachability: the place that reached an advisory first stays, at most so many advisories for each
// package, and a package of which anything is new is told again with all that is known. Neighbours: Ledger.

/// The packages.
struct DependencyBook: Sendable {
    /// What a request carried of a package.
    typealias Receipt = Ledger<TelemetryDependency.Key, TelemetryDependency>.Receipt

    /// The packages.
    var ledger: Ledger<TelemetryDependency.Key, TelemetryDependency>
    /// The most advisories of one package.
    private let advisoryLimit: Int
    /// How often an advisory was left out because its package has too many.
    private(set) var advisoriesDropped: UInt64 = 0

    /// No packages.
    init(limits: TelemetryLimits) {
        ledger = Ledger(limit: limits.dependencies)
        advisoryLimit = limits.advisories
    }

    /// Takes in what is known now. A package that is no longer among them was in use all the same and stays.
    mutating func take(_ dependencies: [TelemetryDependency]) {
        for dependency in dependencies {
            let known = ledger[dependency.key]
            if known == dependency { continue }
            let (merged, isNews) = merge(dependency, into: known)
            if known == nil || isNews {
                ledger.set(dependency.key, merged)
            } else if merged != known {
                ledger.amend(dependency.key, merged)
            }
        }
    }

    /// What is known with what comes, and whether that is worth telling. An advisory that was reached stays; one that
    /// was not goes when it no longer comes, and makes room.
    private mutating func merge(
        _ new: TelemetryDependency, into old: TelemetryDependency?
    ) -> (TelemetryDependency, isNews: Bool) {
        guard let incoming = new.advisories else { return (old ?? new, false) }
        let wanted = Set(incoming.map(\.id))
        var advisories = (old?.advisories ?? []).filter { $0.reached != nil || wanted.contains($0.id) }
        var places = Dictionary(advisories.enumerated().map { ($1.id, $0) }) { first, _ in first }
        var isNews = old?.advisories == nil
        for advisory in incoming {
            if let place = places[advisory.id] {
                guard advisories[place].reached == nil, advisory.reached != nil else { continue }
                advisories[place].reached = advisory.reached
            } else if advisories.count < advisoryLimit {
                places[advisory.id] = advisories.count
                advisories.append(advisory)
            } else {
                advisoriesDropped += 1
                continue
            }
            isNews = true
        }
        var merged = new
        merged.advisories = advisories
        return (merged, isNews)
    }
}
