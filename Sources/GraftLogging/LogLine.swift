// LogLine.swift: what a line of the core's log is about, and how much it matters.
//
// Owns the one reading of those lines; the core hands out text, so that its log needs no memory. Only the beginning of a
// line decides: names and paths, which a program may choose, come later. Neighbour: LoggerSink.swift.

/// A line of the core's log: `probe 12: libc.so.6:getpid: 1 entry points`.
package struct LogLine: Hashable, Sendable {
    /// How much a line matters.
    package enum Weight: Hashable, Sendable, CaseIterable {
        /// The library has started or stopped.
        case landmark
        /// Something has changed, as it should.
        case change
        /// Something was not done, or has to wait, for a reason that lies in the program.
        case refusal
        /// Something that should work does not. Also every line that is not known here: better too loud than unheard.
        case problem
    }

    /// The line, whole.
    package let text: String
    /// Which part of the library speaks: `patch`, `probe`, `stream`, `images`.
    package let room: String
    /// Which one it speaks of: a probe's number, a stream's name; nil for other lines.
    package let subject: String?
    /// How much it matters.
    package let weight: Weight

    /// Reads a line.
    package init(_ text: String) {
        let first = text.prefix { $0 != " " && $0 != ":" }
        let rest = text[first.endIndex...]
        let isNamed = rest.first == " " && Self.named.contains(first)
        self.text = text
        room = String(first)
        subject = isNamed ? String(rest.dropFirst().prefix { $0 != ":" }) : nil
        weight = Self.beginnings.first { text.hasPrefix($0.text) }?.weight ?? .problem
    }

    /// The parts whose lines begin with a name behind the part's own.
    private static let named: Set<Substring> = ["probe", "stream"]

    /// How lines begin, the more special ones first.
    private static let beginnings: [(text: String, weight: Weight)] = [
        ("start ", .landmark), ("stop", .landmark),
        ("patch: installed ", .change), ("patch: restored ", .change),
        ("probe: refused ", .refusal), ("probe: tripped ", .refusal), ("probe ", .change),
        ("image loaded: ", .change), ("image unloaded: ", .change),
        ("images: loaded ", .change), ("images: unloaded ", .change),
        ("codemem: arena ", .change), ("guard: signal ", .change),
        ("counters: no restartable sequences here", .change),
        ("stream ", .refusal), ("patch: ", .refusal), ("resolve: ", .refusal), ("elf: ", .refusal),
        ("commit: thread ", .refusal), ("commit: a debugger ", .refusal), ("commit: could not ", .problem),
        ("commit: the kernel ", .problem),
        ("commit: ", .change),
    ]
}
