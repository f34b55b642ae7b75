// Screen.swift: a status that changes, on a terminal or in a file.
//
// Owns the redrawing: on a terminal the last lines are drawn over; elsewhere only what changed is printed, a line each
// with the time. Neighbours: StatusView.swift makes the lines.

internal import Glibc
import GraftAgent

/// Shows one view after another.
final class Screen {
    private let output: Output
    private let start = Clock.milliseconds
    /// What is drawn now, on a terminal.
    private var drawn: [String] = []

    /// A screen on this output.
    init(output: Output) { self.output = output }

    /// Shows a view; `earlier` is the one that is shown now.
    func show(_ view: StatusView, since earlier: StatusView?) {
        if output.isTerminal {
            draw(view.lines(width: output.columns))
        } else {
            let heading = view.isOpen == earlier?.isOpen ? [] : view.lines().prefix(1)
            for line in heading + view.changes(since: earlier) { output.line("\(seconds) \(line)") }
        }
        output.flush()
    }

    /// Draws lines over those that were drawn before. What does not fit the terminal's height is left out: the cursor
    /// could not go back to it.
    private func draw(_ all: [String]) {
        let room = max(2, (output.terminalSize?.rows ?? all.count + 2) - 1)
        let lines = all.count <= room ? all : all.prefix(room - 1) + ["… \(all.count - room + 1) more lines"]
        guard lines != drawn else { return }
        if !drawn.isEmpty { output.write("\u{1B}[\(drawn.count)A") }
        lines.forEach { output.write("\r\u{1B}[K\($0)\n") }
        if drawn.count > lines.count { output.write("\u{1B}[J") }
        drawn = lines
    }

    /// Others have written to the terminal: what is drawn stays, and the next view begins below.
    func restart() { drawn = [] }

    /// The time since the beginning: `12.3s`.
    private var seconds: String {
        let tenths = (Clock.milliseconds - start) / 100
        return "\(tenths / 10).\(tenths % 10)s"
    }
}
