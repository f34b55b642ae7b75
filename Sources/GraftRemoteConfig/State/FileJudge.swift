// FileJudge: whether one file may be used.
//
// Owns the order of the checks, from cheap to dear: metadata, is it the one that we have, is it there once, size, base64,
// length, hash, JSON. Only two findings concern the answer as a whole: a path that the targets do not name, and a file
// that is neither sent nor held. Everything else is refused alone. Neighbours: ConfigResponse, TargetMetadata, Judgement.

internal import GraftConfig

/// What is decided about one file.
enum FileVerdict: Sendable {
    /// It is the one that is held; only its version may be newer.
    case unchanged(version: UInt64)
    /// It is new and good.
    case accepted(Payload)
    /// It cannot be used.
    case refused(Refusal)
}

/// Judges the files of one answer.
struct FileJudge {
    /// The answer.
    let response: ConfigResponse
    /// What the answer's targets say.
    let targets: SignedTargets
    /// The limits.
    let limits: RemoteConfigLimits

    /// Judges the file at `path`, of which `held` is in force.
    ///
    /// - Throws: what makes the whole answer unusable.
    func verdict(on path: ConfigPath, held: Payload?) throws(ConfigError) -> FileVerdict {
        let key = ExactText(path.text)
        guard let entry = targets.entries[key] else {
            throw ConfigError(.payload, "\(path) is a configuration of this client, and the targets do not name it")
        }
        do throws(ConfigError) {
            let metadata = try TargetMetadata.read(entry)
            if let held, held.metadata.sha256 == metadata.sha256, held.metadata.length == metadata.length {
                return .unchanged(version: metadata.version)
            }
            if let sent = response.files[key] {
                return .accepted(try payload(path, metadata, sent))
            }
        } catch {
            return .refused(
                Refusal(path: path.text, version: TargetMetadata.version(entry), reason: error.description))
        }
        throw ConfigError(.missing, "\(path) is a configuration of this client, and its file is not there")
    }

    /// What a file says, if it is what the targets say that it is.
    private func payload(
        _ path: ConfigPath, _ metadata: TargetMetadata, _ sent: ConfigResponse.SentFile
    ) throws(ConfigError) -> Payload {
        guard sent.copies == 1 else { throw ConfigError(.payload, "the file was sent \(sent.copies) times") }
        let bytes = try bytes(sent.raw)
        guard bytes.count == metadata.length else {
            throw ConfigError(.payload, "the file has \(bytes.count) bytes; the targets say \(metadata.length)")
        }
        let sha256 = SHA256.digest(of: bytes)
        guard sha256 == metadata.sha256 else {
            throw ConfigError(.payload, "the file's sha256 is \(sha256); the targets say \(metadata.sha256)")
        }
        let content = try JSONDocument.parse(bytes, limits: limits.file)
        let known = ConfigMetadata(path: path, sha256: sha256, length: bytes.count, version: metadata.version)
        return Payload(metadata: known, path: path, content: content, bytes: bytes)
    }

    /// A file's bytes.
    private func bytes(_ raw: JSONNode?) throws(ConfigError) -> [UInt8] {
        guard let raw else { return [] }
        // Looked at before it is decoded; an escape in the text only makes it longer.
        let limit = limits.fileBytes
        guard Base64.decodedCount(ofText: raw.source.count - 2) <= limit + 2 else { throw Self.tooLong(limit) }
        guard let bytes = ConfigResponse.decoded(raw) else { throw ConfigError(.payload, "the file is not in base64") }
        guard bytes.count <= limit else { throw Self.tooLong(limit) }
        return bytes
    }

    /// What to say of a file past the limit.
    private static func tooLong(_ limit: Int) -> ConfigError {
        ConfigError(.limit, "a file has at most \(limit) bytes")
    }
}
