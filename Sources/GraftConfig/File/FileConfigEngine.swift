// FileConfigEngine: the one thread's worth of work behind FileConfigSource.
//
// Owns everything that a file source remembers, and the order of one round: news, survey, watches, looks, events, next
// wake-up. Watches are in place before files are read, so that a change after the reading is always heard of. It is not
// shared: FileConfigSource holds it behind a mutex. Neighbours: FileSurvey, DirectoryWatch; FileLooks is its other half.

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
