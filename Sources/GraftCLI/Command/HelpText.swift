// HelpText.swift: a command's help, made from its specification.

extension CommandSpec {
    /// The help: summary, usage, options, notes.
    var help: String {
        let listed = options + Self.common
        let labels = listed.map { option in option.value.map { "\(option.name) \($0)" } ?? option.name }
        let width = labels.map(\.count).max() ?? 0
        var lines = [summary, "", "Usage:"]
        lines += usage.map { "  graft \($0)" }
        lines += ["", "Options:"]
        for (label, option) in zip(labels, listed) {
            let margin = String(repeating: " ", count: width + 4)
            let text = Self.wrap(option.help, width: 80 - margin.count)
            lines.append("  " + label + String(repeating: " ", count: width - label.count + 2) + (text.first ?? ""))
            lines += text.dropFirst().map { margin + $0 }
        }
        if !notes.isEmpty { lines += ["", notes] }
        return lines.joined(separator: "\n")
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
