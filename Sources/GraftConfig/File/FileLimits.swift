// FileLimits: how much a file source reads, and how long it waits.
//
// Owns the named limits and times of FileConfigSource. Each is checked where it is used and tested at its bound.

extension FileConfigSource {
    /// The most payload files in one directory. Those in force stay; of new ones the first by name are taken.
    public static let maximumFiles = 1_024
    /// The most directory entries that are looked at, payloads or not.
    public static let maximumEntries = 65_536
    /// The most bytes in one payload file: 16 MiB.
    public static let maximumFileBytes = JSONLimits.maximumBytes
    /// The most bytes in all payload files of one source together: 64 MiB.
    public static let maximumTotalBytes = 64 << 20
    /// The most bytes in a path, links resolved.
    public static let maximumPathBytes = 4_095
    /// The most symbolic links on the way to one file.
    public static let maximumLinks = 40
    /// How long something that is not as it should be must stay the same before it is said: 200 ms.
    public static let settlingMilliseconds = 200
    /// How often the source looks by itself where changes cannot be watched for: each second.
    public static let pollingMilliseconds = 1_000
    /// How many removed paths a source remembers, so that their versions go on when they come back.
    public static let maximumRemembered = 1_024
}
