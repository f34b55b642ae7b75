// World.swift: what the product reads of the machine, so that a test can put something else there.

/// The machine, as the product sees it.
package struct World: Sendable {
    /// Where the package databases are looked for.
    package var root: String
    /// The images of the process.
    package var images: @Sendable () -> LoadedImages

    /// The real machine, but for the parts that are given.
    package init(root: String = "/", images: @escaping @Sendable () -> LoadedImages = LoadedImages.current) {
        self.root = root
        self.images = images
    }
}

/// How much the product holds, over all configurations.
package enum ProductLimits {
    /// Configurations in force at once.
    package static let paths = 1_024
    /// Targets of all configurations together.
    package static let targets = 65_536
    /// Removed targets that the report remembers.
    package static let history = 1_000
    /// The most polls between two tries of something that could not be done.
    package static let retryPolls = 64
}
