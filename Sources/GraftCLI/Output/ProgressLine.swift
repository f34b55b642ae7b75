// ProgressLine.swift: how far long work is, on one line of a terminal.
//
// Owns that line: it appears after half a second, is redrawn five times a second, and is gone when the work is done.
// Nothing appears where nobody looks.

internal import Glibc
import GraftAgent

/// Shows progress on standard error.
final class ProgressLine {
    private let output: Output
    private let isShown: Bool
    private var due: UInt64
    private var isDrawn = false

    /// Milliseconds before the line appears, and between its changes.
    private static let delay: UInt64 = 500
    private static let interval: UInt64 = 200

    /// A line on this output.
    init(output: Output) {
        self.output = output
        isShown = output.isTerminal
        due = Clock.milliseconds + Self.delay
    }

    /// Shows `text` if it is time to.
    func show(_ text: @autoclosure () -> String) {
        guard isShown, Clock.milliseconds >= due else { return }
        due = Clock.milliseconds + Self.interval
        isDrawn = true
        output.write("\r\u{1B}[K" + Table.cut(Table.printable(text()), to: output.columns))
        output.flush()
    }

    /// Removes the line.
    func clear() {
        guard isDrawn else { return }
        isDrawn = false
        output.write("\r\u{1B}[K")
        output.flush()
    }
}
