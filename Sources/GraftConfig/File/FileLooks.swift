// FileLooks: from what a survey found to events.
//
// Owns the half of FileConfigEngine that looks at files: which must be read, what reading shows, and what is said of
// it. It watches nothing. Neighbours: FileReader reads, JSONDocument checks, FileRecord decides, VersionLedger counts.

extension FileConfigEngine {
    /// A file changed this short a time before it was read may have been changed again without a new time stamp; its
    /// stamps prove nothing. Some file systems count in steps of two seconds.
    fileprivate static let stampGranularity = 2 * MonotonicTime.second

    /// Looks at everything that the survey found, and at everything that it no longer finds.
    mutating func look(
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
        return status.changed &+ Int64(Self.stampGranularity) > Int64(known.readAt)
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
