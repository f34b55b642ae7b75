// ScriptLine.swift: the first line of a script, as the kernel reads it.
//
// Owns the grammar: `#!`, blanks, the interpreter's path, blanks, and the rest as one argument. Neighbour:
// ProgramCheck.swift follows it.

/// What a script's first line names.
struct ScriptLine: Hashable, Sendable {
    /// The interpreter's path.
    var interpreter: String
    /// What follows it, without blanks around it; empty when nothing does.
    var argument: String

    /// Bytes of the line that the kernel looks at (BINPRM_BUF_SIZE).
    static let lengthMaximum = 256

    /// Reads the beginning of a file; nil when it does not begin with `#!` and a path.
    init?(_ bytes: [UInt8]) {
        guard bytes.starts(with: [UInt8(ascii: "#"), UInt8(ascii: "!")]) else { return nil }
        let line = bytes.prefix(Self.lengthMaximum).dropFirst(2).prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let path = line.drop(while: isBlank).prefix { !isBlank($0) }
        guard !path.isEmpty else { return nil }
        interpreter = String(decoding: path, as: UTF8.self)
        var rest = line[path.endIndex...].drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest = rest.dropLast() }
        argument = String(decoding: rest, as: UTF8.self)
    }

    /// The program that `env` will look for along PATH; nil when the interpreter is not `env`, or when its argument is
    /// an option whose meaning only `env` knows.
    var environmentProgram: String? {
        guard interpreter.split(separator: "/").last == "env" else { return nil }
        var words = argument.split(whereSeparator: { $0 == " " || $0 == "\t" })
        if words.first == "-S" { words.removeFirst() }
        words = Array(words.drop { $0.contains("=") })
        guard let name = words.first, !name.hasPrefix("-") else { return nil }
        return String(name)
    }
}
