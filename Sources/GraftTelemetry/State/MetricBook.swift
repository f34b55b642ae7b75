// MetricBook: the metrics, and what of their counts was not accepted yet.
//
// Owns the arithmetic: a count's growth waits until a request that carried it was accepted, so that the accepted ones add
// up to the total. A gauge goes as it is now. Neighbours: TelemetryState asks for points with each heartbeat.

internal import GraftConfig

/// The metrics.
struct MetricBook: Sendable {
    /// The namespace of all of them.
    static let namespace = "appsec"

    /// What a series is known by.
    private struct Key: Hashable, Sendable {
        /// The name.
        var name: String
        /// The tags.
        var tags: [String]
        /// Whether it is a count.
        var isCount: Bool
    }

    /// A series.
    private struct Series: Sendable {
        /// What it is known by.
        var key: Key
        /// The total that was seen last, of a count.
        var total: UInt64 = 0
        /// The growth that was not accepted yet.
        var growth: UInt64 = 0
        /// How much there is now, of a gauge.
        var level = 0.0
    }

    /// A point of a series, as a request carries it.
    struct Point: Sendable {
        /// Where the series is.
        fileprivate var index: Int
        /// The growth that it carries.
        fileprivate var growth: UInt64
    }

    /// The series.
    private var series: [Series] = []
    /// Where each is.
    private var places: [Key: Int] = [:]
    /// The most series.
    private let limit: Int
    /// Whether the next totals are where the counts begin.
    private var beginsAnew: Bool
    /// How often a metric was left out because there is no room for its series.
    private(set) var dropped: UInt64 = 0

    /// No metrics. `isForked`: the first totals are inherited; what they have grown by is the parent's to tell.
    init(limits: TelemetryLimits, isForked: Bool = false) {
        limit = limits.series
        beginsAnew = isForked
    }

    /// How many series there are.
    var count: Int { series.count }
    /// How many counts have grown by more than was accepted.
    var pending: Int { series.reduce(0) { $0 + ($1.growth > 0 ? 1 : 0) } }
}

extension MetricBook {
    /// Takes in how the metrics stand now.
    mutating func take(_ metrics: [TelemetryMetric]) {
        for metric in metrics {
            switch metric.value {
            case .gauge(let level):
                guard let index = place(Key(name: metric.name, tags: metric.tags, isCount: false)) else { continue }
                series[index].level = level
            case .count(let total):
                guard let index = place(Key(name: metric.name, tags: metric.tags, isCount: true)) else { continue }
                let before = series[index].total
                // A total that has gone back belongs to something that counts anew.
                series[index].growth += beginsAnew ? 0 : total >= before ? total - before : total
                series[index].total = total
            }
        }
        if !metrics.isEmpty { beginsAnew = false }
    }

    /// Where a series is, or comes; nil when there is no room.
    private mutating func place(_ key: Key) -> Int? {
        if let index = places[key] { return index }
        guard series.count < limit else {
            dropped += 1
            return nil
        }
        places[key] = series.count
        series.append(Series(key: key))
        return series.count - 1
    }

    /// What there is to tell now: every gauge, and the counts that have grown.
    var points: [Point] {
        series.indices.lazy.filter { !series[$0].key.isCount || series[$0].growth > 0 }
            .map { Point(index: $0, growth: series[$0].growth) }
    }

    /// The bytes of a point. `interval` is how many seconds it stands for.
    func bytes(_ point: Point, time: Int64, interval: Int64) -> [UInt8] {
        let series = series[point.index]
        let value = series.key.isCount ? JSONValue(point.growth) : .number(series.level)
        return JSONWriter.bytes([
            "namespace": .string(Self.namespace), "metric": .string(series.key.name),
            "points": [[.integer(time), value]], "tags": .array(series.key.tags.map(JSONValue.string)),
            "common": true, "type": series.key.isCount ? "count" : "gauge", "interval": .integer(interval),
        ])
    }

    /// What a request carried was accepted.
    mutating func accept(_ points: [Point]) {
        for point in points { series[point.index].growth -= point.growth }
    }

    /// What was not accepted yet is somebody else's to tell, and so is what the next totals have grown by.
    mutating func beginAnew() {
        for index in series.indices { series[index].growth = 0 }
        beginsAnew = true
    }
}
