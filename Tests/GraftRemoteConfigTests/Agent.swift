// Agent: answers of an agent, built piece by piece, right and wrong.
//
// Owns the builders that the tests share. Everything is a value; nothing is sent.

import GraftConfig
import GraftRemoteConfig

/// A file that an agent offers.
struct OfferedFile {
    /// Its path.
    var path: String
    /// Its bytes.
    var bytes: [UInt8]
    /// Its version.
    var version: UInt64
    /// What the targets say about it; made of the bytes unless it is set.
    var entry: JSONValue?
    /// What is sent in its place; the bytes in base64 unless it is set.
    var raw: JSONValue?
    /// Whether the targets name it.
    var isTarget = true
    /// Whether it is assigned to the client.
    var isAssigned = true
    /// How often it is sent.
    var copies = 1

    init(_ path: String, _ text: String, version: UInt64 = 1) {
        self.path = path
        self.bytes = Array(text.utf8)
        self.version = version
    }

    /// The file with changes.
    func with(_ change: (inout Self) -> Void) -> Self {
        var file = self
        change(&file)
        return file
    }

    /// The file as one that the client has already.
    var cached: Self { with { $0.copies = 0 } }

    /// What the targets say about it.
    var metadata: JSONValue {
        entry ?? [
            "custom": ["v": JSONValue(version)], "hashes": ["sha256": .string(SHA256.digest(of: bytes).hex)],
            "length": JSONValue(bytes.count),
        ]
    }
}

/// An answer that an agent gives.
struct Offer {
    /// The targets' version.
    var version: UInt64
    /// The files.
    var files: [OfferedFile]
    /// Further fields of the targets' custom part.
    var custom = JSONObject([JSONMember(key: "opaque_backend_state", value: "eyJmb28iOiAiYmFyIn0=")])
    /// Changes to the signed part.
    var signed: (inout JSONObject) -> Void = { _ in }
    /// Changes to the answer.
    var change: (inout JSONObject) -> Void = { _ in }

    init(_ version: UInt64, _ files: [OfferedFile] = []) {
        self.version = version
        self.files = files
    }

    /// The targets, in base64.
    var targets: String {
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
    var json: JSONValue {
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
    var answer: HTTPAnswer { .ok(JSONWriter.text(json)) }
}

extension HTTPAnswer {
    /// An answer with status 200.
    static func ok(_ text: String) -> HTTPAnswer { .response(status: 200, body: Array(text.utf8)) }
    /// An agent that offers Remote Configuration.
    static let info = HTTPAnswer.ok(#"{"version":"7.50.0","endpoints":["/v0.4/traces","/v0.7/config"]}"#)
    /// An agent that does not.
    static let infoWithout = HTTPAnswer.ok(#"{"version":"7.50.0","endpoints":["/v0.4/traces"]}"#)
}

extension RemoteConfigState {
    /// A client that asks for `products`, with callbacks for them, and does not ask for `/info`.
    static func asking(
        for products: [String] = ["ASM_FEATURES"], limits: RemoteConfigLimits = RemoteConfigLimits()
    ) -> RemoteConfigState {
        let tracer = ClientTracer(runtimeID: "runtime", tracerVersion: "1.0.0", service: "shop", environment: "ci")
        var state = RemoteConfigState(clientID: "client", tracer: tracer, asksInfo: false, limits: limits)
        for product in products {
            state.handle(product)
            state.enable(product)
        }
        return state
    }

    /// One exchange with this answer.
    mutating func take(_ answer: HTTPAnswer) -> ReceiveOutcome {
        let exchange = nextExchange()
        return receive(answer, to: exchange)
    }

    /// One exchange with this answer.
    @discardableResult
    mutating func take(_ offer: Offer) -> ReceiveOutcome { take(offer.answer) }

    /// The paths that are in force.
    var paths: [String] { payloads.map(\.path.text) }

    /// Acknowledges all that is in force.
    mutating func acknowledgeAll() { for payload in payloads { acknowledge(payload.path, .acknowledged) } }
}

extension ReceiveOutcome {
    /// The changes as text: `-path` for a removal, `+path` for the rest.
    var summary: [String] { changes.flatMap(\.payloads).map { ($0.isRemoval ? "-" : "+") + $0.path.text } }
}

/// The path of a file of `ASM_FEATURES`.
func features(_ id: String) -> String { "datadog/2/ASM_FEATURES/\(id)/config" }
