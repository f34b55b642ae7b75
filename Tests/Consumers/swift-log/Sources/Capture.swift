// Capture.swift: a swift-log handler that keeps every message. Owns the list of messages of the process.
import Logging
import Synchronization

/// A message, as a handler was given it.
struct Captured: Sendable {
    /// Its level.
    let level: Logger.Level
    /// Its text.
    let text: String
    /// What came with it.
    let metadata: [String: String]
    /// The label of the logger.
    let label: String
    /// Who is said to speak.
    let source: String
}

/// A handler that keeps what it is given.
struct CapturingHandler: LogHandler {
    /// What all handlers of the process were given.
    static let captured = Mutex<[Captured]>([])

    /// The label of the logger.
    let label: String
    /// The logger's own metadata.
    var metadata: Logger.Metadata = [:]
    /// Everything is wanted.
    var logLevel = Logger.Level.trace

    /// A handler for the logger with this label.
    init(label: String) { self.label = label }

    /// The logger's own metadata.
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Keeps a message.
    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }.mapValues { "\($0)" }
        let message = Captured(
            level: event.level, text: "\(event.message)", metadata: all, label: label, source: event.source)
        Self.captured.withLock { $0.append(message) }
    }
}
