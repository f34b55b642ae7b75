// ProductLimits: how much the products may ask of their manager.
//
// Owns the named limits and nothing else. ProductError tells of one that was passed.

/// How much products may ask of their manager.
public enum ProductLimits {
    /// Products of one manager.
    public static let products = 256
    /// Bytes of a product's name.
    public static let nameBytes = 128
    /// Bytes of a message about a product; what is longer is cut.
    public static let messageBytes = 256
    /// A product's part in a fork, before it counts as slow and is logged: the program's `fork` has to wait for it.
    public static let forkPart: Duration = .milliseconds(5)
    /// How often a thread that waits for a start that is under way on another one looks whether it is needed any more.
    static let turnLook: Duration = .milliseconds(20)
    /// How long the end of the process waits for a start or a stop that is under way on another thread.
    public static let exitWait: Duration = .seconds(2)

    /// A message that keeps to the limit: whole characters, with an ellipsis if it was cut.
    package static func bounded(_ message: String) -> String {
        guard message.utf8.count > messageBytes else { return message }
        var kept = ""
        var room = messageBytes - "…".utf8.count
        for character in message {
            room -= character.utf8.count
            guard room >= 0 else { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
