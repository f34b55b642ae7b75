// Arguments.swift: reads a command line by its specification.
//
// Owns the grammar: `--name`, `--name value`, `--name=value`, words, and `--` before a program. Nothing is guessed:
// an unknown, repeated or valueless option is an error that names the word and its place. It prints nothing and ends
// nothing. Neighbour: CommandSpec.swift.

/// What a command line asks for.
struct Arguments: Hashable, Sendable {
    /// The options that were given, with their values; empty for those without one.
    var options: [String: String] = [:]
    /// The words that are not options.
    var words: [String] = []
    /// What follows `--`.
    var program: [String] = []

    /// Whether an option was given.
    func has(_ name: String) -> Bool { options[name] != nil }

    /// Reads `arguments`, the words after the command's name, of which the first is number `first` on the command line.
    init(_ arguments: [String], for spec: CommandSpec, first: Int = 1) throws(UsageError) {
        var index = 0
        while index < arguments.count {
            let word = arguments[index]
            index += 1
            let place = first + index - 1
            if word == "--" {
                if case .program = spec.operands {
                    program = Array(arguments[index...])
                } else {
                    words += arguments[index...]
                }
                break
            }
            guard word.hasPrefix("-"), word != "-" else {
                words.append(word)
                continue
            }
            index += try takeOption(word, following: arguments[index...], spec: spec, place: place)
        }
        if !has("--help") { try checkOperands(spec) }
    }

    /// Takes one option and returns how many of the following words were its value.
    private mutating func takeOption(
        _ word: String, following: ArraySlice<String>, spec: CommandSpec, place: Int
    ) throws(UsageError) -> Int {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts[0] == "-h" ? "--help" : parts[0]
        guard let option = (spec.options + CommandSpec.common).first(where: { $0.name == name }) else {
            throw UsageError("unknown option \(name)", place: place, command: spec.name)
        }
        guard options[name] == nil else {
            throw UsageError("\(name) is given twice", place: place, command: spec.name)
        }
        guard let value = option.value else {
            guard parts.count == 1 else {
                throw UsageError("\(name) takes no value", place: place, command: spec.name)
            }
            options[name] = ""
            return 0
        }
        if parts.count == 2, !parts[1].isEmpty {
            options[name] = parts[1]
            return 0
        }
        guard parts.count == 1, let next = following.first, !next.isEmpty, next != "--" else {
            throw UsageError("\(name) needs a value, \(value)", place: place, command: spec.name)
        }
        options[name] = next
        return 1
    }

    /// Checks what follows the options.
    private func checkOperands(_ spec: CommandSpec) throws(UsageError) {
        switch spec.operands {
        case .words(let range):
            guard words.count >= range.lowerBound else {
                throw UsageError("too few words: \(spec.usage[0])", command: spec.name)
            }
            guard words.count <= range.upperBound else {
                throw UsageError("unexpected word \"\(words[range.upperBound])\"", command: spec.name)
            }
        case .program:
            if let word = words.first {
                throw UsageError("unexpected word \"\(word)\": the program comes after --", command: spec.name)
            }
            guard let first = program.first, !first.isEmpty else {
                throw UsageError("there is no program after --", command: spec.name)
            }
        }
    }
}

/// A command line that makes no sense.
struct UsageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    var message: String
    /// The number of the word on the command line; nil when something is missing.
    var place: Int?
    /// The command whose help explains it; empty for the tool itself.
    var command: String

    /// An error with these parts.
    init(_ message: String, place: Int? = nil, command: String = "") {
        self.message = message
        self.place = place
        self.command = command
    }

    /// `argument 3: unknown option --reprot (see graft run --help)`.
    var description: String {
        let help = command.isEmpty ? "graft --help" : "graft \(command) --help"
        return (place.map { "argument \($0): " } ?? "") + "\(message) (see \(help))"
    }
}
