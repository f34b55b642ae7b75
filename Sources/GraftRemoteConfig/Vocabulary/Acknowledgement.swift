// Acknowledgement: what became of a configuration.
//
// Owns the states that a client reports and their numbers on the wire, and the bound of an error's text.

/// What became of a configuration, as the next request reports it.
public enum Acknowledgement: Sendable, Hashable {
    /// Nobody has finished with it yet.
    case unacknowledged
    /// It is in force.
    case acknowledged
    /// It is in force but for what the text names: what will be when a library is loaded, say. The text is bounded when it
    /// is reported.
    case incomplete(String)
    /// It could not be used, and why. The text is bounded when it is reported.
    case error(String)

    /// The number on the wire; 0 would be "unknown", which a client never needs to say.
    public var applyState: Int {
        switch self {
        case .unacknowledged: 1
        case .acknowledged, .incomplete: 2
        case .error: 3
        }
    }

    /// Whether it is in force, be it not all of it.
    var isInForce: Bool { applyState == 2 }

    /// Why it could not be used, or what of it is not in force, bounded; nil when there is nothing to say.
    public var applyError: String? {
        switch self {
        case .error(let text), .incomplete(let text): BoundedText.line(text)
        case .unacknowledged, .acknowledged: nil
        }
    }

    /// The same with its text bounded, as it is kept.
    var bounded: Acknowledgement {
        switch self {
        case .error(let text): .error(BoundedText.line(text))
        case .incomplete(let text): .incomplete(BoundedText.line(text))
        case .unacknowledged, .acknowledged: self
        }
    }
}

/// Text from elsewhere, as far as it may go into a request or a log.
enum BoundedText {
    /// The most bytes.
    static let maximumBytes = 256
    /// What a text that was cut ends in.
    private static let ellipsis = "…"

    /// `text` on one line, without control characters, cut between characters to `maximumBytes`.
    static func line(_ text: String) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            let isControl =
                scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
                || (0x2028...0x2029).contains(scalar.value)
            let next: Unicode.Scalar = isControl ? " " : scalar
            count += UTF8.width(next)
            guard count <= maximumBytes else { return cut(result) }
            result.unicodeScalars.append(next)
        }
        return result
    }

    /// As much of `text` as leaves room for the ellipsis, and the ellipsis.
    private static func cut(_ text: String) -> String {
        var text = text
        while text.utf8.count + ellipsis.utf8.count > maximumBytes { text.unicodeScalars.removeLast() }
        return text + ellipsis
    }
}
