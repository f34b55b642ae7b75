// HostFacts: what this machine says about itself.
//
// Owns the only calls of the system in this module: uname, and one bounded read of a file. Whoever makes a TelemetryState
// calls it once; nothing else here reads anything.

internal import Glibc

extension TelemetryHost {
    /// The most bytes of an os-release file that are read.
    private static let osReleaseBytes = 16 << 10

    /// The machine that this process runs on. `root` is where its file system begins; `/` but for tests.
    public static func current(root: String = "/") -> TelemetryHost {
        var names = utsname()
        uname(&names)
        var host = TelemetryHost(
            hostname: text(of: names.nodename), architecture: text(of: names.machine),
            kernelRelease: text(of: names.release), kernelVersion: text(of: names.version))
        host.kernelName = text(of: names.sysname)
        host.os = host.kernelName
        let files = ["etc/os-release", "usr/lib/os-release"]
        host.osVersion = files.lazy.compactMap { read("\(root)/\($0)") }.first.flatMap(osVersion(osRelease:))
        return host
    }

    /// The text in one of uname's fields.
    private static func text<Field>(of field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The beginning of a file; nil when it cannot be read.
    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: osReleaseBytes)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
