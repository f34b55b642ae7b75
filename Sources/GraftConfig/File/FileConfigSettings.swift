// FileConfigSettings: what tests of the file source turn.
//
// Owns the values that are fixed in use (see FileLimits) but must be different where a test wants to see time pass
// without waiting, or inotify fail without exhausting it for the whole machine.

/// How a file source goes about its work.
struct FileConfigSettings: Sendable {
    /// Nanoseconds that something must stay wrong before it is said.
    var settling = UInt64(FileConfigSource.settlingMilliseconds) * MonotonicTime.millisecond
    /// Nanoseconds between looks where changes are not watched for.
    var polling = UInt64(FileConfigSource.pollingMilliseconds) * MonotonicTime.millisecond
    /// Whether to watch for changes at all.
    var watches = true
    /// Opens an inotify descriptor.
    var openInotify: @Sendable () -> Int32 = Inotify.open
    /// The monotonic time.
    var now: @Sendable () -> UInt64 = { MonotonicTime.now }
}
