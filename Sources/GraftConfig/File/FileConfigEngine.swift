// FileConfigEngine: the one thread's worth of work behind FileConfigSource.
//
// Owns everything that a file source remembers, and the order of one round: news, survey, watches, looks, events, next
// wake-up. Watches are in place before files are read, so that a change after the reading is always heard of. It is not
// shared: FileConfigSource holds it behind a mutex. Neighbours: FileSurvey, DirectoryWatch, FileReader, FileRecord.

/// The state of a file source that is open.
struct FileConfigEngine: ~Copyable {
    /// What is remembered of one path besides its record.
    struct Tracked {
        /// What looks at it have meant.
        var record = FileRecord()
        /// What the system told when it was last read; nil when it must be read again.
        var status: FileStatus?
        /// When that was, on the wall's clock.
        var readAt: UInt64 = 0
    }

    /// Surveys in one round while directories come and go; afterwards the round goes on, and another one is due.
    private static let surveysAtOnce = 8
    /// A file changed this short a time before it was read may have been changed again without a new time stamp; its
    /// stamps prove nothing. Some file systems count in steps of two seconds.
    private static let stampGranularity = 2 * MonotonicTime.second

    /// The absolute path of the file or directory.
    let root: String
    /// How it goes about its work.
    let settings: FileConfigSettings
    /// What is readable when a round is due.
    let readiness: Readiness
    /// Every path that something is known of.
    var tracked: [String: Tracked] = [:]
    /// Versions by path.
    var ledger = VersionLedger()
    /// The last sequence.
    var sequence: UInt64 = 0
    /// Bytes of all payloads in force.
    var totalBytes = 0

    private let timer: WakeTimer
    private var watch = DirectoryWatch()
    /// What was said about changes that cannot be watched for.
    private var watchError: ConfigError?
    /// When the next look is due without news.
    private var dueAt: UInt64? = 0

    /// An engine whose first round is due.
    init(root: String, settings: FileConfigSettings) throws(SystemFailure) {
        let readiness = try Readiness()
        let timer = try WakeTimer()
        try readiness.add(timer.descriptor)
        timer.set(0)
        self.root = root
        self.settings = settings
        self.readiness = readiness
        self.timer = timer
    }

    /// One round; empty when nothing has happened.
    mutating func poll() -> [ConfigEvent] {
        var events: [ConfigEvent] = []
        let changes = news(&events)
        let now = settings.now()
        guard !changes.isEmpty || dueAt.map({ now >= $0 }) == true else { return events }
        let (survey, isSteady) = survey(&events)
        look(at: survey, changes.steps, now, &events)
        var due = tracked.values.compactMap { $0.record.deadline(settling: settings.settling) }
        if !isSteady { due.append(now + settings.settling) }
        if !watch.isOpen { due.append(now + settings.polling) }
        dueAt = due.min()
        timer.set(dueAt)
        return events
    }
}

// MARK: Watching

extension FileConfigEngine {
    /// What has happened since the last round.
    private mutating func news(_ events: inout [ConfigEvent]) -> DirectoryWatch.Changes {
        do throws(SystemFailure) {
            return try watch.changes()
        } catch {
            fallBack(error, &events)
            var changes = DirectoryWatch.Changes()
            changes.isEverything = true
            return changes
        }
    }

    /// Surveys with every watch in place; also tells whether directories came and went all the while.
    private mutating func survey(_ events: inout [ConfigEvent]) -> (FileSurvey, isSteady: Bool) {
        let user = FileCalls.effectiveUser
        openWatch(&events)
        var round = 0
        while true {
            round += 1
            let survey = FileSurvey(of: root, known: { tracked[$0]?.record.inForce != nil }, user: user)
            guard watch.isOpen else { return (survey, true) }
            switch watch.watch(survey.interests) {
            case .same: return endFallBack(survey, &events)
            case .changed where round < Self.surveysAtOnce: continue
            case .changed: return (survey, false)
            case .failed(let failure):
                fallBack(failure, &events)
                return (survey, true)
            }
        }
    }

    /// Opens the watch if it is not open and may be.
    private mutating func openWatch(_ events: inout [ConfigEvent]) {
        guard !watch.isOpen, settings.watches else { return }
        do throws(SystemFailure) {
            try watch.open(settings.openInotify, joining: readiness)
        } catch {
            fallBack(error, &events)
        }
    }

    /// Goes over to looking at intervals, and says so the first time.
    private mutating func fallBack(_ failure: SystemFailure, _ events: inout [ConfigEvent]) {
        watch.close()
        guard watchError == nil else { return }
        let interval = "looking every \(settings.polling / MonotonicTime.millisecond) ms instead"
        let error = failure.error("changes of \(root) cannot be watched for; \(interval)", path: nil)
        watchError = ConfigError(.watchUnavailable, error.message)
        events.append(.problem(ConfigError(.watchUnavailable, error.message)))
    }

    /// Says that changes are watched for again, if the opposite was said.
    private mutating func endFallBack(
        _ survey: FileSurvey, _ events: inout [ConfigEvent]
    ) -> (FileSurvey, isSteady: Bool) {
        if watchError != nil { events.append(.cleared(path: nil)) }
        watchError = nil
        return (survey, true)
    }
}

// MARK: Reading

extension FileConfigEngine {
    /// Looks at everything that the survey found, and at everything that it no longer finds.
    private mutating func look(
        at survey: FileSurvey, _ touched: Set<PathStep>, _ now: UInt64, _ events: inout [ConfigEvent]
    ) {
        var found: Set<String> = []
        for finding in survey.findings {
            found.insert(finding.path)
            look(at: finding, touched, now, &events)
        }
        if !found.contains(root) {
            take(survey.directoryError.map { .bad($0, nil) } ?? .absent, of: root, nil, now, &events)
        }
        guard survey.isComplete else { return }
        let gone = tracked.keys.filter { !found.contains($0) && $0 != root }
        for path in gone.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            take(.absent, of: path, nil, now, &events)
        }
    }

    /// Looks at one path.
    private mutating func look(
        at finding: FileSurvey.Finding, _ touched: Set<PathStep>, _ now: UInt64, _ events: inout [ConfigEvent]
    ) {
        let path = finding.path
        switch finding.walk.outcome {
        case .file(let real, let status):
            let isTouched = finding.walk.steps.contains(where: touched.contains)
            guard isTouched || needsReading(path, status) else { return }
            read(path, real, status, now, &events)
        case .directory:
            take(.bad(ConfigError(.notAFile, "it is a directory", path: path), nil), of: path, nil, now, &events)
        case .missing:
            take(missing(path), of: path, nil, now, &events)
        case .refused(let code, let message):
            take(.bad(ConfigError(code, message, path: path), nil), of: path, nil, now, &events)
        }
    }

    /// Whether a file may have changed since it was read, or must be read again anyway.
    private func needsReading(_ path: String, _ status: FileStatus) -> Bool {
        guard let known = tracked[path], known.status == status, !known.record.isSuspect else { return true }
        return status.changed + Int64(Self.stampGranularity) > Int64(known.readAt)
    }

    /// Reads a file and takes in what it shows.
    private mutating func read(
        _ path: String, _ real: String, _ status: FileStatus, _ now: UInt64, _ events: inout [ConfigEvent]
    ) {
        let inForce = tracked[path]?.record.inForce
        let room = FileConfigSource.maximumTotalBytes - (totalBytes - (inForce?.count ?? 0))
        guard status.size <= room else {
            let message = "all payload files together are longer than \(FileConfigSource.maximumTotalBytes) bytes"
            return take(.bad(ConfigError(.limit, message, path: path), nil), of: path, nil, now, &events)
        }
        let readAt = MonotonicTime.wall
        switch FileReader.read(real, status, user: FileCalls.effectiveUser) {
        case .content(let bytes):
            take(judge(bytes, path, inForce), of: path, bytes, now, &events)
        case .unusable(let code, let message):
            take(.bad(ConfigError(code, message, path: path), nil), of: path, nil, now, &events)
        case .changing:
            return take(.changing, of: path, nil, now, &events)
        case .missing:
            return take(missing(path), of: path, nil, now, &events)
        }
        tracked[path]?.status = status
        tracked[path]?.readAt = readAt
    }

    /// Whether content can be used.
    private func judge(_ bytes: [UInt8], _ path: String, _ inForce: ContentDigest?) -> FileRecord.Look {
        let digest = ContentDigest(bytes)
        if digest == inForce { return .good(digest) }
        do throws(ConfigError) {
            _ = try JSONDocument.parse(bytes)
            return .good(digest)
        } catch {
            return .bad(error.at(path: path), digest)
        }
    }

    /// What it means that a path leads nowhere: that it is gone, or, where nothing ever was, that it is yet to come.
    private func missing(_ path: String) -> FileRecord.Look {
        let hasBeen = ledger.knows(path) || (path == root && sequence > 0)
        return hasBeen ? .absent : .bad(ConfigError(.missing, "there is no such file yet", path: path), nil)
    }

    /// Takes in a look, and says what follows from it.
    private mutating func take(
        _ look: FileRecord.Look, of path: String, _ bytes: [UInt8]?, _ now: UInt64, _ events: inout [ConfigEvent]
    ) {
        var entry = tracked[path] ?? Tracked()
        totalBytes -= entry.record.inForce?.count ?? 0
        let verdict = entry.record.take(look, at: now, settling: settings.settling)
        totalBytes += entry.record.inForce?.count ?? 0
        // Whoever has read the file sets it again. After any other look the next one must read.
        entry.status = nil
        tracked[path] = entry.record.isBlank ? nil : entry
        switch verdict {
        case .nothing: break
        case .changed: events.append(update(path, .payload(bytes ?? [])))
        case .removed: events.append(update(path, .removed))
        case .problem(let error): events.append(.problem(error))
        case .cleared: events.append(.cleared(path: path))
        }
    }

    /// The next update of a path.
    private mutating func update(_ path: String, _ content: ConfigUpdate.Content) -> ConfigEvent {
        sequence += 1
        let version = ledger.next(path, isRemoval: content == .removed)
        return .update(ConfigUpdate(path: path, version: version, sequence: sequence, content: content))
    }
}
