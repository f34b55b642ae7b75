// Affected.swift: whether an advisory concerns an installed package.
//
// Owns the rule and its words; pure but for the look-up that it is given. What is not known counts as affected: a
// detection too many is noticed, one too few is not. Neighbours: VersionRange.swift, Planner.swift asks for verdicts.

/// Whether a wish is to be followed.
package enum Verdict: Hashable, Sendable {
    /// It is.
    case applies
    /// It is not, for this reason.
    case notAffected(String)
}

extension Advisory {
    /// Whether it concerns this package: by the package's own name and version, or by those of its source.
    package func concerns(_ package: Package) -> Bool {
        guard let dependency else { return versions?.contains(package.version) ?? true }
        let name = dependency.lowercased()
        if name == package.name.lowercased() { return versions?.contains(package.version) ?? true }
        if name == package.source.lowercased() { return versions?.contains(package.sourceVersion) ?? true }
        return false
    }

    /// Whether it names a package or versions at all.
    package var isConditional: Bool { dependency != nil || versions != nil }
}

extension Wish {
    /// Whether to follow it, when its target means these images: not if the packages of all of them are known and the
    /// advisory concerns none.
    package func verdict(images: [String], package: (String) -> Package?) -> Verdict {
        guard let advisory, advisory.isConditional, !images.isEmpty else { return .applies }
        var reason: String?
        for image in images {
            guard let owner = package(image), !advisory.concerns(owner) else { return .applies }
            reason = reason ?? Self.reason(advisory, image: image, owner: owner)
        }
        return reason.map(Verdict.notAffected) ?? .applies
    }

    /// Why an advisory does not concern an image's package.
    private static func reason(_ advisory: Advisory, image: String, owner: Package) -> String {
        let fact = "\(image) belongs to \(owner.name) \(owner.version)"
        let isNamed = advisory.dependency.map { name in
            [owner.name, owner.source].contains { $0.lowercased() == name.lowercased() }
        }
        guard isNamed != false, let versions = advisory.versions else {
            return "\(advisory.id): \(fact), not to \(advisory.dependency ?? "a package that is concerned")"
        }
        return "\(advisory.id): \(fact), which is not \(versions)"
    }
}
