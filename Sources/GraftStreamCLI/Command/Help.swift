// Help: what `graft-stream --help` prints, made from the options.
//
// Owns the layout, of 80 columns, and what a user must know beside the options. Neighbour: Options.
#if ConfigStream

    /// The help.
    enum Help {
        /// The columns of a line.
        private static let width = 80

        /// What follows the options.
        private static let notes = """
            Standard output has the configuration, keys in order, then each change:

              shop.port = 8080 (file)
              2026-05-04T10:20:30.123Z shop.port: 8080 -> 9090 (agent-runtime) 1.17

            The last number is the stream's (1 is the first) and the change's on it. A line
            that says "lagged" precedes what several changes came to, when there were too
            many to be printed one by one. Values are JSON. Secrets are shown as ********.

            With --json each line is an object whose member "event" is "snapshot",
            "setting", "change" or "lagged"; "old" and "new" are missing where there is no
            value, and "masked" is true where a secret is not shown.

            Standard error has the states of the connection, what went wrong, and at the
            end what was counted. SIGINT and SIGTERM end the tool.

            Exit codes: 0 done; 64 the command line makes no sense; 69 there was no
            configuration in time.

            Example:

              graft-stream --server localhost:5001 --prefix apm_config.
            """

        /// The help.
        static var text: String {
            let labels = Options.allCases.map { option in
                option.value.map { "\(option.rawValue) \($0)" } ?? option.rawValue
            }
            let column = (labels.map(\.count).max() ?? 0) + 4
            var lines = [
                "Shows a core agent's configuration, live.", "", "Usage:", "  graft-stream [OPTION]…", "", "Options:",
            ]
            for (label, option) in zip(labels, Options.allCases) {
                let text = wrap(option.help, width: width - column)
                let padding = String(repeating: " ", count: column - label.count - 2)
                lines.append("  " + label + padding + (text.first ?? ""))
                lines += text.dropFirst().map { String(repeating: " ", count: column) + $0 }
            }
            return (lines + ["", notes]).joined(separator: "\n")
        }

        /// Breaks a text between words into lines of at most `width` characters; a longer word has a line of its own.
        static func wrap(_ text: String, width: Int) -> [String] {
            var lines: [String] = []
            for word in text.split(separator: " ") {
                if let last = lines.last, last.count + 1 + word.count <= width {
                    lines[lines.count - 1] += " " + word
                } else {
                    lines.append(String(word))
                }
            }
            return lines
        }
    }

#endif
