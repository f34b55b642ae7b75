// AgentMessages.swift: what is said on the control socket.
//
// Owns both directions: `{"version":1,"request":"status"}` and `{"version":1,"ok":true,"status":{…}}` or
// `{"version":1,"ok":false,"error":"…"}`, each in one line. Both sides are strict about the version and lenient about
// members that they do not know. Neighbours: ControlServer.swift, ControlClient.swift.

package import GraftConfig

/// What the tool may ask.
package enum AgentRequest: String, Hashable, Sendable, CaseIterable {
    /// Everything that the report has, as it is now.
    case status

    /// The request's line.
    package var line: [UInt8] {
        JSONWriter.bytes(["version": JSONValue(ControlProtocol.version), "request": .string(rawValue)])
    }

    /// Reads a request's line.
    package init(line: [UInt8]) throws(AgentError) {
        let root = try AgentMessage.parse(line)
        guard let name = root["request"]?.string, let request = Self(rawValue: name) else {
            throw AgentError(.protocolViolation, "there is no such request")
        }
        self = request
    }
}

/// What the agent answers.
package enum AgentAnswer {
    /// The line of an answer with a status.
    package static func success(status: JSONValue) -> [UInt8] {
        JSONWriter.bytes(["version": JSONValue(ControlProtocol.version), "ok": true, "status": status])
    }

    /// The line of an answer to a request that was not understood.
    package static func failure(_ error: AgentError) -> [UInt8] {
        JSONWriter.bytes(["version": JSONValue(ControlProtocol.version), "ok": false, "error": .string(error.message)])
    }

    /// The status in an answer's line.
    package static func status(line: [UInt8]) throws(AgentError) -> JSONNode {
        let root = try AgentMessage.parse(line)
        if root["ok"]?.bool == false {
            throw AgentError(.protocolViolation, root["error"]?.string ?? "the agent refused without a reason")
        }
        guard let status = root["status"] else {
            throw AgentError(.protocolViolation, "the answer has no status")
        }
        return status
    }
}

/// What requests and answers share.
private enum AgentMessage {
    /// Values in one message: an answer may list every entry point that there can be.
    static let valuesMaximum = 1 << 24

    /// Reads a line and checks its version.
    static func parse(_ line: [UInt8]) throws(AgentError) -> JSONNode {
        var limits = JSONLimits()
        limits.bytes = ControlProtocol.answerMaximum
        limits.values = valuesMaximum
        let document: JSONDocument
        do throws(ConfigError) {
            document = try JSONDocument.parse(line, limits: limits)
        } catch {
            throw AgentError(.protocolViolation, "a message is not JSON: \(error)")
        }
        guard let version = document.root["version"]?.integer else {
            throw AgentError(.protocolViolation, "a message has no version")
        }
        guard version == ControlProtocol.version else {
            throw AgentError(
                .protocolViolation, "a message has version \(version); this is version \(ControlProtocol.version)")
        }
        return document.root
    }
}
