// Arguments: reads the command line.
//
// Owns the grammar: `--name`, `--name value` and `--name=value`. Nothing is guessed: an unknown, repeated or valueless option is
// an error that names the word and its place. It prints nothing and ends nothing. Neighbours: Options has the names, Request
// says what they mean together.
#if ConfigStream

    /// The options of a command line.
    struct Arguments: Hashable, Sendable {
        /// What the tool is asked to do.
        enum Action: Hashable, Sendable {
            /// Show the help.
            case help
            /// Show the version.
            case version
            /// Show a stream.
            case watch(Request)
        }

        /// The options that were given, with their values; empty for those without one.
        private(set) var options: [Options: String] = [:]

        /// Reads the words after the tool's name.
        init(_ words: [String]) throws(UsageError) {
            var index = 0
            while index < words.count {
                let taken = try take(
                    words[index], next: index + 1 < words.count ? words[index + 1] : nil, at: index + 1)
                index += taken
            }
        }

        /// Whether an option was given.
        func has(_ option: Options) -> Bool { options[option] != nil }

        /// What they ask for. Help and version come before everything else.
        var action: Action {
            get throws(UsageError) {
                if has(.help) { return .help }
                if has(.version) { return .version }
                return .watch(try Request(self))
            }
        }

        /// Takes one option and returns how many words it was.
        private mutating func take(_ word: String, next: String?, at place: Int) throws(UsageError) -> Int {
            guard word.hasPrefix("-"), word != "-", word != "--" else {
                throw UsageError("unexpected word \"\(word)\"", place: place)
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let option = parts[0] == "-h" ? .help : Options(rawValue: parts[0]) else {
                throw UsageError("unknown option \(parts[0])", place: place)
            }
            guard !has(option) else { throw UsageError("\(option.rawValue) is given twice", place: place) }
            guard let value = option.value else {
                guard parts.count == 1 else { throw UsageError("\(option.rawValue) takes no value", place: place) }
                options[option] = ""
                return 1
            }
            let given = parts.count == 2 ? parts[1] : next ?? ""
            guard !given.isEmpty else { throw UsageError("\(option.rawValue) needs a value, \(value)", place: place) }
            options[option] = given
            return parts.count == 2 ? 1 : 2
        }
    }

    /// A command line that makes no sense.
    struct UsageError: Error, Hashable, Sendable, CustomStringConvertible {
        /// What is wrong.
        var message: String
        /// The number of the word on the command line; nil when it is about several.
        var place: Int?

        /// An error with these parts.
        init(_ message: String, place: Int? = nil) {
            self.message = message
            self.place = place
        }

        /// `argument 3: unknown option --sever (see graft-stream --help)`.
        var description: String { (place.map { "argument \($0): " } ?? "") + "\(message) (see graft-stream --help)" }
    }

#endif
