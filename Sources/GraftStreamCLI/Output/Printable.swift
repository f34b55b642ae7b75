// Printable: texts that a terminal does not take for commands.
//
// Owns which characters are escaped: controls, and those that end a line or turn its direction. Keys, values, sources and messages
// are others' texts; every one of them passes here. Neighbours: TextLines, JSONLines.
#if ConfigStream

    /// Texts for a terminal.
    enum Printable {
        /// The text with `\u001b` and the like in the place of what a terminal could obey. Within JSON it is the same text.
        static func text(_ text: String) -> String {
            guard text.unicodeScalars.contains(where: isEscaped) else { return text }
            var result = ""
            for scalar in text.unicodeScalars {
                if isEscaped(scalar) {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
            return result
        }

        /// Whether a character is escaped; all that are have four digits.
        private static func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.value {
            case 0..<0x20, 0x7F...0x9F: true
            // Marks, ends of lines and paragraphs, embeddings, isolates, and the mark at the beginning of a file.
            case 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
            default: false
            }
        }
    }

#endif
