// CommandSpec.swift: what a command accepts, as a value: the one source of its parsing and of its help.
//
// Owns the vocabulary. Neighbours: Arguments.swift reads command lines by it, HelpText.swift prints it, each command's
// file defines one.

/// One option of a command.
struct OptionSpec: Hashable, Sendable {
    /// The name with its dashes: `--config`.
    var name: String
    /// What its value is called in the help; nil for an option without one.
    var value: String?
    /// One sentence for the help.
    var help: String

    /// An option with these parts.
    init(_ name: String, value: String? = nil, help: String) {
        self.name = name
        self.value = value
        self.help = help
    }
}

/// One command.
struct CommandSpec: Hashable, Sendable {
    /// What follows the command's own words.
    enum Operands: Hashable, Sendable {
        /// Between this many and this many words.
        case words(ClosedRange<Int>)
        /// After `--`, a program and its arguments.
        case program
    }

    /// Its name; empty for the tool itself.
    var name: String
    /// One line that says what it does.
    var summary: String
    /// How it is called, a line for each way, without the tool's name.
    var usage: [String]
    /// Its options, beside `--help`.
    var options: [OptionSpec] = []
    /// What follows its options.
    var operands: Operands
    /// What else a user must know; already wrapped to 80 columns.
    var notes: String = ""

    /// The options that every command has.
    static let common = [OptionSpec("--help", help: "Shows this help.")]
}
