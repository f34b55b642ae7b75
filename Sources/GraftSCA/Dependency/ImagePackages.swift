// ImagePackages.swift: from an image to its package, asked once.
//
// Owns the names under which a database may know a file, and the memory of answers, bounded. Used by one thread, the
// product's owner's. Neighbours: PackageDatabase.swift.

/// The packages of images, found when they are asked for.
package struct ImagePackages: Sendable {
    /// The most images that are remembered; past it, all are forgotten and asked for again.
    package static let maximumImages = 4_096

    /// Where the file system begins; `/` but for tests.
    private let root: String
    /// Whom to ask, in order.
    private let databases: [any PackageDatabase]
    /// The answers; a nil answer is one too.
    private var known: [String: Package?] = [:]

    /// Packages of the file system below this directory.
    package init(root: String = "/") { self.init(root: root, databases: PackageDatabases.all(root: root)) }

    /// Packages as these databases know them.
    package init(root: String, databases: [any PackageDatabase]) {
        self.root = root
        self.databases = databases
    }

    /// The package of an image; nil when no database has it. May read files.
    package mutating func package(of image: String) -> Package? {
        learn([image])
        return remembered(image)
    }

    /// The package of an image, if it has been asked for before. Reads nothing.
    package func remembered(_ image: String) -> Package? { known[image] ?? nil }

    /// Whether the package of an image has been asked for, and may be unknown.
    package func hasAsked(_ image: String) -> Bool { known[image] != nil }

    /// Notes that the package of an image cannot be known.
    package mutating func setUnknown(_ image: String) { known[image] = .some(nil) }

    /// Asks for the packages of all these images at once, which costs little more than asking for one.
    package mutating func learn(_ images: some Sequence<String>) {
        let new = Set(images).filter { known[$0] == nil }.sorted().prefix(Self.maximumImages)
        guard !new.isEmpty else { return }
        if known.count + new.count > Self.maximumImages { known = [:] }
        let names = Dictionary(uniqueKeysWithValues: new.map { ($0, self.names(of: $0)) })
        for image in new { known[image] = .some(nil) }
        var sought = new[...]
        for database in databases where !sought.isEmpty {
            let found = database.packages(owning: SoughtFiles(sought.flatMap { names[$0] ?? [] }))
            for image in sought {
                guard let package = names[image]?.lazy.compactMap({ found[$0] }).first else { continue }
                known[image] = package
            }
            sought.removeAll { remembered($0) != nil }
        }
    }

    /// The names under which a database may have a file: without links, as it was given, and each with and without
    /// `/usr`. Where `/lib` is a link to `/usr/lib`, a package may still list its files under either.
    func names(of image: String) -> [String] {
        var names: [String] = []
        let prefix = Files.join(root, "")
        if let real = Files.realPath(Files.join(root, image)), real.hasPrefix(prefix) {
            names.append(String(real.dropFirst(prefix.count)))
        }
        names.append(image)
        for name in names { names.append(contentsOf: Self.merged(name)) }
        return names.reduce(into: []) { unique, name in if !unique.contains(name) { unique.append(name) } }
    }

    /// The other name of a file in a directory that may have moved below `/usr`.
    private static func merged(_ path: String) -> [String] {
        if path.hasPrefix("/usr/lib") || path.hasPrefix("/usr/bin/") || path.hasPrefix("/usr/sbin/") {
            return [String(path.dropFirst("/usr".count))]
        }
        if path.hasPrefix("/lib") || path.hasPrefix("/bin/") || path.hasPrefix("/sbin/") { return ["/usr" + path] }
        return []
    }
}
