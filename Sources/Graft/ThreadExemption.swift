// ThreadExemption.swift: threads whose own calls are left out.
//
// Owns one call. A product that watches functions which it uses itself, a decompressor, an allocator, would otherwise
// report its own work as the program's. Neighbour: Instrumentation.swift.

internal import CGraft

extension Instrumentation {
    /// Says whether what the calling thread calls is left out: not reported to any probe and, except in mode count, not
    /// counted. On any thread, also before `start`; not inside a handler.
    ///
    /// ```swift
    /// let before = Instrumentation.exemptThread(true)
    /// defer { Instrumentation.exemptThread(before) }
    /// ```
    ///
    /// - Returns: what was so before.
    @discardableResult public static func exemptThread(_ exempt: Bool) -> Bool { graft_thread_exempt(exempt) }
}
