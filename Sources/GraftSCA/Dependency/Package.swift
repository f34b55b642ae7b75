// Package.swift: the dependency of a native image: the distribution package that brought it.
//
// Owns the value. Neighbours: DpkgDatabase.swift and ApkDatabase.swift find it, VersionRange.swift judges its version.

/// An installed package of the distribution.
public struct Package: Hashable, Sendable {
    /// Its name: `libpq5`.
    public var name: String
    /// Its version, as the distribution writes it: `15.6-0+deb12u1`.
    public var version: String
    /// The name of the source that it was built from, `postgresql-15`; the same as `name` where none is given.
    public var source: String
    /// The version of that source; the same as `version` where none is given.
    public var sourceVersion: String

    /// A package with these parts.
    public init(name: String, version: String, source: String? = nil, sourceVersion: String? = nil) {
        self.name = name
        self.version = version
        self.source = source ?? name
        self.sourceVersion = sourceVersion ?? version
    }
}
