// SystemFailure: what the system said when it refused a call.
//
// Owns the way from errno to an error of this module. Made right after the call, before anything can change errno.

internal import Glibc

/// A system call that failed.
package struct SystemFailure: Error, Equatable {
    /// The call's name.
    package var call: String
    /// errno.
    package var number: Int32

    /// What errno says now, of the call that has just failed.
    package init(_ call: String) {
        self.call = call
        self.number = errno
    }

    /// Whether the path leads nowhere: a component is missing, or is not a directory.
    var isMissing: Bool { number == ENOENT || number == ENOTDIR }

    /// The error to report, about `path`.
    func error(_ what: String, path: String?) -> ConfigError {
        ConfigError(.system, "\(what): \(call): \(text) (errno \(number))", path: path)
    }

    /// The system's sentence for errno.
    package var text: String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "unknown error" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
