// AgentError.swift: the one error type of the agent and its tool.
//
// Owns the words and the place of a failure. Whoever catches one prints it as one line and goes on, or ends with the
// exit code that it carries. Neighbours: everything here throws it.

internal import Glibc

/// What went wrong, and where.
package struct AgentError: Error, Hashable, Sendable {
    /// Which kind of failure; open, so that adding one breaks no `switch`.
    package struct Code: RawRepresentable, Hashable, Sendable {
        /// The slug.
        package let rawValue: String

        /// A code with this slug.
        package init(rawValue: String) { self.rawValue = rawValue }

        /// A system call failed.
        package static let os = Self(rawValue: "os-error")
        /// Something belongs to somebody else, or could be changed by somebody else.
        package static let untrusted = Self(rawValue: "untrusted")
        /// A limit was passed.
        package static let limit = Self(rawValue: "limit")
        /// What the other side sent is not what was agreed.
        package static let protocolViolation = Self(rawValue: "protocol")
        /// The other side did not answer in time.
        package static let timedOut = Self(rawValue: "timed-out")
        /// Nobody listens.
        package static let noAgent = Self(rawValue: "no-agent")
    }

    /// Which kind of failure.
    package var code: Code
    /// One sentence for a person, without a final full stop.
    package var message: String
    /// The file, variable or process that it is about; empty when there is none.
    package var place: String

    /// A failure with these parts.
    package init(_ code: Code, _ message: String, place: String = "") {
        self.code = code
        self.message = message
        self.place = place
    }

    /// A failed system call, with the words of the current `errno` unless another number is given.
    package init(call: String, failure: Int32? = nil, place: String = "") {
        let words = String(cString: strerror(failure ?? errno))
        self.init(.os, "\(call): \(words)", place: place)
    }
}

extension AgentError: CustomStringConvertible {
    /// `/run/user/0/graft: is a symbolic link`.
    package var description: String { place.isEmpty ? message : "\(place): \(message)" }
}
