// Offer.swift: answers of a Datadog agent, built piece by piece, right and wrong, for tests of a product's callback.
//
// Owns the builders. Everything is a value; nothing is sent. Neighbours: ScriptedTransport.swift hands them out.

public import GraftConfig
public import GraftRemoteConfig

/// A file that a Datadog agent offers.
public struct OfferedFile {
    /// Its path.
    public var path: String
    /// Its bytes.
    public var bytes: [UInt8]
    /// Its version.
    public var version: UInt64
    /// What the targets say about it; made of the bytes unless it is set.
    public var entry: JSONValue?
    /// What is sent in its place; the bytes in base64 unless it is set.
    public var raw: JSONValue?
    /// Whether the targets name it.
    public var isTarget = true
    /// Whether it is assigned to the client.
    public var isAssigned = true
    /// How often it is sent.
    public var copies = 1

    /// The file at `path`, with this content.
    public init(_ path: String, _ text: String, version: UInt64 = 1) {
        self.path = path
        self.bytes = Array(text.utf8)
        self.version = version
    }

    /// The file with changes.
    public func with(_ change: (inout Self) -> Void) -> Self {
        var file = self
        change(&file)
        return file
    }

    /// The file as one that the client has already.
    public var cached: Self { with { $0.copies = 0 } }

    /// What the targets say about it.
    public var metadata: JSONValue {
        entry ?? [
            "custom": ["v": JSONValue(version)], "hashes": ["sha256": .string(SHA256.digest(of: bytes).hex)],
            "length": JSONValue(bytes.count),
        ]
    }
}

/// An answer that a Datadog agent gives, right or wrong.
///
/// ```swift
/// let transport = ScriptedTransport(Offer(1, [OfferedFile("datadog/2/MY_PRODUCT/a/config", #"{"on":true}"#)]))
/// poller.poll(over: transport)
/// ```
public struct Offer {
    /// The targets' version.
    public var version: UInt64
    /// The files.
    public var files: [OfferedFile]
    /// Further fields of the targets' custom part.
    public var custom = JSONObject([JSONMember(key: "opaque_backend_state", value: "eyJmb28iOiAiYmFyIn0=")])
    /// Changes to the signed part.
    public var signed: (inout JSONObject) -> Void = { _ in }
    /// Changes to the answer.
    public var change: (inout JSONObject) -> Void = { _ in }

    /// The answer with these files, all of which are assigned to the client.
    public init(_ version: UInt64, _ files: [OfferedFile] = []) {
        self.version = version
        self.files = files
    }

    /// The targets, in base64.
    public var targets: String {
        var signed = JSONObject()
        signed["_type"] = "targets"
        signed["custom"] = .object(custom)
        signed["expires"] = "3000-01-01T00:00:00Z"
        signed["spec_version"] = "1.0"
        signed["targets"] = .object(
            JSONObject(files.filter(\.isTarget).map { JSONMember(key: $0.path, value: $0.metadata) }))
        signed["version"] = JSONValue(version)
        self.signed(&signed)
        return Base64.text(of: JSONWriter.bytes(["signatures": [], "signed": .object(signed)]))
    }

    /// The answer as a value.
    public var json: JSONValue {
        var answer = JSONObject()
        answer["targets"] = .string(targets)
        let sent = files.flatMap { file in
            Array(repeating: file, count: file.copies).map { file -> JSONValue in
                ["path": .string(file.path), "raw": file.raw ?? .string(Base64.text(of: file.bytes))]
            }
        }
        if !sent.isEmpty { answer["target_files"] = .array(sent) }
        let assigned = files.filter(\.isAssigned).map { JSONValue.string($0.path) }
        if !assigned.isEmpty { answer["client_configs"] = .array(assigned) }
        change(&answer)
        return .object(answer)
    }

    /// The answer.
    public var answer: HTTPAnswer { .ok(JSONWriter.text(json)) }
}

extension HTTPAnswer {
    /// An answer with status 200.
    public static func ok(_ text: String) -> HTTPAnswer { .response(status: 200, body: Array(text.utf8)) }
    /// An agent that offers Remote Configuration.
    public static let info = HTTPAnswer.ok(#"{"version":"7.50.0","endpoints":["/v0.4/traces","/v0.7/config"]}"#)
    /// An agent that does not.
    public static let infoWithout = HTTPAnswer.ok(#"{"version":"7.50.0","endpoints":["/v0.4/traces"]}"#)
}
