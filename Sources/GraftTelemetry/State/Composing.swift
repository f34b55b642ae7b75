// Composing: from what there is to tell to the next request.
//
// Owns which events a request has and in which order. Nothing is taken for told here: that is for Receiving.

internal import GraftConfig

extension TelemetryState {
    /// The request that is due now; nil when none is, or while one is under way. What it tells is told when its answer is
    /// handed to `receive(_:to:now:random:)`; until then there is no other.
    public mutating func nextRequest(now: Duration, time: Int64) -> TelemetryRequest? {
        guard underWay == nil else { return nil }
        var packing = Packing(room: limits.payloadBytes - envelope.size)
        var contents = TelemetryRequest.Contents()
        switch phase {
        case .off, .closed: return nil
        case .starting:
            guard !pace.waits(at: now) else { return nil }
            packStart(&packing, &contents)
        case .running:
            guard !pace.waits(at: now) else { return nil }
            packRunning(now: now, time: time, &packing, &contents)
        case .closing(isStarted: false): packStart(&packing, &contents)
        case .closing(isStarted: true): packEnd(time: time, &packing, &contents)
        }
        contents.hasLeftOut = packing.hasLeftOut
        guard !packing.events.isEmpty else {
            hasMore = false
            if case .closing = phase { phase = .closed }
            return nil
        }
        sequence += 1
        underWay = sequence
        return TelemetryRequest(
            httpRequest: envelope.request(packing.events, sequence: sequence, time: time),
            events: packing.events.map(\.event), sequence: sequence, contents: contents)
    }
}

// MARK: Requests

extension TelemetryState {
    /// The start, with all products and as many settings as there is room for. Dependencies come with heartbeats.
    private func packStart(_ packing: inout Packing, _ contents: inout TelemetryRequest.Contents) {
        packSnapshot(.appStarted, dependencies: [], &packing, &contents)
    }

    /// What has changed, and a heartbeat if one is due.
    private func packRunning(
        now: Duration, time: Int64, _ packing: inout Packing, _ contents: inout TelemetryRequest.Contents
    ) {
        let isHeartbeat = pace.isHeartbeatDue(at: now)
        guard isHeartbeat || hasMore || pace.isExtendedDue(at: now) else { return }
        if pace.isExtendedDue(at: now) {
            packSnapshot(.extendedHeartbeat, dependencies: dependencies.ledger.all, &packing, &contents)
        } else {
            packChanges(&packing, &contents)
        }
        packLogs(&packing, &contents)
        if isHeartbeat {
            packMetrics(time: time, &packing, &contents)
            packing.add(.heartbeat)
        }
    }

    /// What has changed, and the end if there is room for all.
    private func packEnd(time: Int64, _ packing: inout Packing, _ contents: inout TelemetryRequest.Contents) {
        packChanges(&packing, &contents)
        packLogs(&packing, &contents)
        packMetrics(time: time, &packing, &contents)
        contents.isLast = !packing.hasLeftOut
        if contents.isLast && !session.isForked { packing.add(.appClosing) }
    }
}

// MARK: Events

extension TelemetryState {
    /// An event that tells everything.
    private func packSnapshot(
        _ event: TelemetryEvent,
        dependencies all: [(
            entry: Ledger<TelemetryDependency.Key, TelemetryDependency>.Entry,
            receipt: Ledger<TelemetryDependency.Key, TelemetryDependency>.Receipt
        )],
        _ packing: inout Packing, _ contents: inout TelemetryRequest.Contents
    ) {
        let (settings, settingsTaken) = packing.pack(configuration.ledger.all) { ConfigurationBook.bytes($0.entry) }
        let (products, productsTaken) = packing.pack(products.all) { Self.bytes($0.entry.fact) }
        let (packages, packagesTaken) = packing.pack(all, most: limits.dependenciesPerEvent) {
            JSONWriter.bytes($0.entry.fact.json)
        }
        contents.configuration = settingsTaken.map(\.receipt)
        contents.products = productsTaken.map(\.receipt)
        contents.dependencies = packagesTaken.map(\.receipt)
        packing.add(
            event, Array("{\"configuration\":[".utf8), settings, Array("],\"dependencies\":[".utf8), packages,
            Array("],\"integrations\":[],\"products\":{".utf8), products, Array("}}".utf8))
    }

    /// Events for whatever was not accepted yet.
    private func packChanges(_ packing: inout Packing, _ contents: inout TelemetryRequest.Contents) {
        let (packages, packagesTaken) = packing.pack(
            dependencies.ledger.untold, most: limits.dependenciesPerEvent
        ) { JSONWriter.bytes($0.entry.fact.json) }
        if !packagesTaken.isEmpty {
            contents.dependencies = packagesTaken.map(\.receipt)
            packing.add(.dependenciesLoaded, Array("{\"dependencies\":[".utf8), packages, Array("]}".utf8))
        }
        let (products, productsTaken) = packing.pack(products.untold) { Self.bytes($0.entry.fact) }
        if !productsTaken.isEmpty {
            contents.products = productsTaken.map(\.receipt)
            packing.add(.productChange, Array("{\"products\":{".utf8), products, Array("}}".utf8))
        }
        let changed = configuration.ledger.untold.sorted { $0.entry.revision < $1.entry.revision }
        let (settings, settingsTaken) = packing.pack(changed) { ConfigurationBook.bytes($0.entry) }
        if !settingsTaken.isEmpty {
            contents.configuration = settingsTaken.map(\.receipt)
            packing.add(.configurationChange, Array("{\"configuration\":[".utf8), settings, Array("]}".utf8))
        }
    }

    /// An event for the messages that wait.
    private func packLogs(_ packing: inout Packing, _ contents: inout TelemetryRequest.Contents) {
        let (list, taken) = packing.pack(logs.receipts, LogBook.bytes)
        guard !taken.isEmpty else { return }
        contents.logs = taken
        packing.add(.logs, Array("{\"logs\":[".utf8), list, Array("]}".utf8))
    }

    /// An event for the metrics.
    private func packMetrics(time: Int64, _ packing: inout Packing, _ contents: inout TelemetryRequest.Contents) {
        let (list, taken) = packing.pack(metrics.points) {
            metrics.bytes($0, time: time, interval: pace.metricSeconds)
        }
        guard !taken.isEmpty else { return }
        contents.points = taken
        packing.add(.metrics, Array("{\"series\":[".utf8), list, Array("]}".utf8))
    }

    /// A product as a member of an object.
    private static func bytes(_ product: TelemetryProduct) -> [UInt8] {
        JSONWriter.bytes(.string(product.name)) + [UInt8(ascii: ":")] + JSONWriter.bytes(product.json)
    }
}
