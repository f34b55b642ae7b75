// Output.swift: standard output and standard error, as values.
//
// Owns the buffering and the rule for a reader that has gone away: nobody wants the rest, so writing stops without a
// complaint. Neighbours: the commands print through it; tests collect instead.

internal import Glibc

/// Somewhere to print.
final class Output {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// Bytes that are kept before they are written.
    private static let bufferMaximum = 1 << 16

    /// Prints to a descriptor.
    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { flush() }

    /// Whether a person looks at it.
    var isTerminal: Bool { isatty(descriptor) == 1 }

    /// The width of the terminal; nil when it is none.
    var columns: Int? { terminalSize?.columns }

    /// The width and height of the terminal; nil when it is none.
    var terminalSize: (columns: Int, rows: Int)? {
        var size = winsize()
        guard isTerminal, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return nil
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Whether its reader has gone away.
    private(set) var isClosed = false

    /// Prints a text as it is.
    func write(_ text: String) {
        buffer += text.utf8
        if buffer.count >= Self.bufferMaximum { flush() }
    }

    /// Prints a line.
    func line(_ text: String) { write(text + "\n") }

    /// Writes what has been kept.
    func flush() {
        var rest = buffer[...]
        while !rest.isEmpty, !isClosed {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count <= 0 { isClosed = true } else { rest = rest.dropFirst(count) }
        }
        buffer = []
    }
}
