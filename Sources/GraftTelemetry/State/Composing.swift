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
        packSnapshot(.appStarted, hasPackages: false, &packing, &contents)
    }

    /// What has changed, and a heartbeat if one is due.
    private func packRunning(
        now: Duration, time: Int64, _ packing: inout Packing, _ contents: inout TelemetryRequest.Contents
    ) {
        let isHeartbeat = pace.isHeartbeatDue(at: now)
        guard isHeartbeat || hasMore || pace.isExtendedDue(at: now) else { return }
        if pace.isExtendedDue(at: now) {
            packSnapshot(.extendedHeartbeat, hasPackages: true, &packing, &contents)
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
    /// An event that tells everything, packages only if it `hasPackages`.
    private func packSnapshot(
        _ event: TelemetryEvent, hasPackages: Bool, _ packing: inout Packing,
        _ contents: inout TelemetryRequest.Contents
    ) {
        let settings = packSettings(configuration.ledger.all, &packing, &contents)
        let products = packProducts(products.all, &packing, &contents)
        let packages = hasPackages ? packPackages(dependencies.ledger.all, &packing, &contents) : []
        packing.add(
            event, ("{\"configuration\":[", settings), ("],\"dependencies\":[", packages),
            ("],\"integrations\":[],\"products\":{", products), end: "}}")
    }

    /// Events for whatever was not accepted yet.
    private func packChanges(_ packing: inout Packing, _ contents: inout TelemetryRequest.Contents) {
        let packages = packPackages(dependencies.ledger.untold, &packing, &contents)
        if !packages.isEmpty { packing.add(.dependenciesLoaded, ("{\"dependencies\":[", packages), end: "]}") }
        let products = packProducts(products.untold, &packing, &contents)
        if !products.isEmpty { packing.add(.productChange, ("{\"products\":{", products), end: "}}") }
        let changed = configuration.ledger.untold.sorted { $0.revision < $1.revision }
        let settings = packSettings(changed, &packing, &contents)
        if !settings.isEmpty { packing.add(.configurationChange, ("{\"configuration\":[", settings), end: "]}") }
    }

    /// Packages as the elements of a list.
    private func packPackages(
        _ receipts: some Sequence<DependencyBook.Receipt>, _ packing: inout Packing,
        _ contents: inout TelemetryRequest.Contents
    ) -> [UInt8] {
        let (list, taken) = packing.pack(receipts, most: limits.dependenciesPerEvent) {
            dependencies.ledger[$0].fact.append(to: &$1)
        }
        contents.dependencies = taken
        return list
    }

    /// Products as the members of an object.
    private func packProducts(
        _ receipts: some Sequence<Ledger<String, TelemetryProduct>.Receipt>, _ packing: inout Packing,
        _ contents: inout TelemetryRequest.Contents
    ) -> [UInt8] {
        let (list, taken) = packing.pack(receipts) { receipt, bytes in
            let product = products[receipt].fact
            JSONWriter.append(product.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes += JSONWriter.bytes(product.json)
        }
        contents.products = taken
        return list
    }

    /// Settings as the elements of a list.
    private func packSettings(
        _ receipts: some Sequence<ConfigurationBook.Receipt>, _ packing: inout Packing,
        _ contents: inout TelemetryRequest.Contents
    ) -> [UInt8] {
        let (list, taken) = packing.pack(receipts) { $1 += ConfigurationBook.bytes(configuration.ledger[$0]) }
        contents.configuration = taken
        return list
    }

    /// An event for the messages that wait.
    private func packLogs(_ packing: inout Packing, _ contents: inout TelemetryRequest.Contents) {
        let (list, taken) = packing.pack(logs.receipts) { $1 += LogBook.bytes($0) }
        guard !taken.isEmpty else { return }
        contents.logs = taken
        packing.add(.logs, ("{\"logs\":[", list), end: "]}")
    }

    /// An event for the metrics.
    private func packMetrics(time: Int64, _ packing: inout Packing, _ contents: inout TelemetryRequest.Contents) {
        let (list, taken) = packing.pack(metrics.points) {
            $1 += metrics.bytes($0, time: time, interval: pace.metricSeconds)
        }
        guard !taken.isEmpty else { return }
        contents.points = taken
        packing.add(.metrics, ("{\"series\":[", list), end: "]}")
    }
}
