// LogBook: the messages of the library's log that were not accepted yet.
//
// Owns their number: equal messages are one with a count, and beyond so many different ones the newest are left out and
// counted.

internal import GraftConfig

/// The messages.
struct LogBook: Sendable {
    /// A message, as a request carries it.
    struct Receipt: Sendable {
        /// The message.
        fileprivate var log: TelemetryLog
        /// How many of them.
        fileprivate var count: UInt64
    }

    /// How many there are of each.
    private var counts: [TelemetryLog: UInt64] = [:]
    /// The messages in the order in which they came.
    private var order: [TelemetryLog] = []
    /// The most different messages.
    private let limit: Int
    /// How many messages were left out because there is no room for them.
    private(set) var dropped: UInt64 = 0

    /// No messages.
    init(limits: TelemetryLimits) { limit = limits.logs }

    /// How many different messages wait.
    var count: Int { order.count }

    /// Takes in a message.
    mutating func take(_ log: TelemetryLog) {
        if counts[log] == nil {
            guard order.count < limit else {
                dropped += 1
                return
            }
            order.append(log)
        }
        counts[log, default: 0] += 1
    }

    /// The messages that wait.
    var receipts: [Receipt] { order.map { Receipt(log: $0, count: counts[$0] ?? 0) } }

    /// The bytes of a message.
    static func bytes(_ receipt: Receipt) -> [UInt8] { JSONWriter.bytes(receipt.log.json(count: receipt.count)) }

    /// What a request carried was accepted.
    mutating func accept(_ receipts: [Receipt]) {
        for receipt in receipts { counts[receipt.log, default: receipt.count] -= receipt.count }
        order.removeAll { log in
            guard counts[log] == 0 else { return false }
            counts[log] = nil
            return true
        }
    }
}
