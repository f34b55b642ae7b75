// TelemetryPace: when the next request is due.
//
// Owns the clock's readings: heartbeats at their intervals from the last one that was accepted, another try after a
// failure, later each time. It reads no clock itself. Neighbours: TelemetryState tells it what has happened.

/// When to send.
struct TelemetryPace: Sendable {
    /// The pause after the first failure, unless heartbeats are more frequent.
    static let firstPause = Duration.seconds(1)
    /// The longest pause after failures, unless heartbeats are rarer still.
    static let longestPause = Duration.seconds(60)
    /// How far a pause may be off, as a share of it.
    static let jitter = 0.1

    /// The pause between heartbeats.
    private let interval: Duration
    /// The pause between extended heartbeats.
    private let extendedInterval: Duration
    /// When the next heartbeat is due.
    private var heartbeat = Duration.zero
    /// When the next extended heartbeat is due.
    private var extended = Duration.zero
    /// When to try again; nil while nothing has failed.
    private var retry: Duration?
    /// Failures in a row.
    private(set) var failures = 0

    /// A pace that nothing has been sent at yet.
    init(settings: TelemetrySettings) {
        interval = settings.heartbeatInterval
        extendedInterval = settings.extendedHeartbeatInterval
    }

    /// Seconds that a heartbeat's metrics stand for; at least one.
    var metricSeconds: Int64 { max(1, interval.components.seconds) }

    /// Whether another try has to wait.
    func waits(at now: Duration) -> Bool { retry.map { now < $0 } ?? false }
    /// Whether a heartbeat is due.
    func isHeartbeatDue(at now: Duration) -> Bool { now >= heartbeat }
    /// Whether an extended heartbeat is due.
    func isExtendedDue(at now: Duration) -> Bool { now >= extended }

    /// When to ask for the next request, if nothing waits but what heartbeats carry.
    var due: Duration { retry ?? min(heartbeat, extended) }
    /// When to ask for the next request, if something waits that need not wait for a heartbeat.
    var soonest: Duration { retry ?? .zero }

    /// Begins to count now.
    mutating func start(at now: Duration) {
        heartbeat = now + interval
        extended = now + extendedInterval
    }

    /// A request was accepted.
    mutating func succeed(at now: Duration, heartbeat isHeartbeat: Bool, extended isExtended: Bool) {
        (retry, failures) = (nil, 0)
        if isHeartbeat { heartbeat = now + interval }
        if isExtended { extended = now + extendedInterval }
    }

    /// A request was not accepted. `random` is from 0 up to, not including, 1.
    mutating func fail(at now: Duration, random: Double) {
        failures += 1
        var (pause, left) = (min(Self.firstPause, interval), failures)
        while left > 1 && pause < Self.longestPause {
            pause *= 2
            left -= 1
        }
        retry = now + min(pause, Self.longestPause) * (1 - Self.jitter + 2 * Self.jitter * random)
    }
}
