// Table.swift: columns of text.
//
// Owns widths, alignment and the cutting of what does not fit. A pure function of its rows. Control characters, which a
// symbol's name or a path may hold, are shown as `?`: a table never sends commands to a terminal.

/// A table with a heading.
struct Table: Hashable, Sendable {
    /// One column.
    struct Column: Hashable, Sendable {
        /// Its heading.
        var title: String
        /// Whether its texts stand at the right edge.
        var isRight = false

        /// A column with these parts.
        init(_ title: String, isRight: Bool = false) {
            self.title = title
            self.isRight = isRight
        }
    }

    /// The columns; the last one is as wide as it needs.
    var columns: [Column]
    /// The rows, one text for each column.
    var rows: [[String]] = []

    /// The lines of the table. With a `width`, lines are cut to it and end in `…`.
    func lines(width: Int? = nil) -> [String] {
        let all = ([columns.map(\.title)] + rows).map { $0.map(Self.printable) }
        let widths = columns.indices.map { index in all.map { $0[index].count }.max() ?? 0 }
        return all.map { row in
            let cells = columns.indices.map { index in
                let padding = String(repeating: " ", count: widths[index] - row[index].count)
                if columns[index].isRight { return padding + row[index] }
                return index == columns.count - 1 ? row[index] : row[index] + padding
            }
            return Self.cut(cells.joined(separator: "  "), to: width)
        }
    }

    /// A text without control characters.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
    }

    /// The beginning of a text that fits a width.
    static func cut(_ text: String, to width: Int?) -> String {
        guard let width, text.count > width else { return text }
        return String(text.prefix(max(0, width - 1))) + "…"
    }

    /// Whether a terminal could take a character for a command.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
}
