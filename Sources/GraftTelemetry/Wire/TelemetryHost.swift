// TelemetryHost: the machine, as every request describes it.
//
// Owns the values and their form, and the reading of os-release as text. Asks no system: HostFacts.swift does.

internal import GraftConfig

/// The machine that the program runs on.
public struct TelemetryHost: Sendable, Hashable {
    /// Its name.
    public var hostname: String
    /// The system: `Linux`.
    public var os: String
    /// The distribution and its version: `Debian GNU/Linux 12 (bookworm)`; nil when it is not known.
    public var osVersion: String?
    /// The processor: `x86_64`.
    public var architecture: String
    /// The kernel: `Linux`.
    public var kernelName: String
    /// The kernel's release: `6.1.0-18-amd64`.
    public var kernelRelease: String
    /// The kernel's build.
    public var kernelVersion: String

    /// A machine with these parts.
    public init(
        hostname: String, os: String = "Linux", osVersion: String? = nil, architecture: String,
        kernelName: String = "Linux", kernelRelease: String, kernelVersion: String
    ) {
        self.hostname = hostname
        self.os = os
        self.osVersion = osVersion
        self.architecture = architecture
        self.kernelName = kernelName
        self.kernelRelease = kernelRelease
        self.kernelVersion = kernelVersion
    }

    /// The value that a request carries.
    var json: JSONValue {
        var object = JSONObject()
        func set(_ key: String, _ text: String) {
            object.members.append(.init(key: key, value: .string(WireText.bounded(text))))
        }
        set("hostname", hostname)
        set("os", os)
        if let osVersion { set("os_version", osVersion) }
        set("architecture", architecture)
        set("kernel_name", kernelName)
        set("kernel_release", kernelRelease)
        set("kernel_version", kernelVersion)
        return .object(object)
    }

    /// What the text of an os-release file calls the system: its pretty name, else its name and version; nil when it has
    /// neither.
    static func osVersion(osRelease text: String) -> String? {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let split = line.firstIndex(of: "=") else { continue }
            values[String(line[..<split])] = unquoted(line[line.index(after: split)...])
        }
        if let name = values["PRETTY_NAME"], !name.isEmpty { return name }
        guard let name = values["NAME"], !name.isEmpty else { return nil }
        return values["VERSION_ID"].map { $0.isEmpty ? name : "\(name) \($0)" } ?? name
    }

    /// A value as a shell would read it: without its quotes, and each escaped character as it is.
    private static func unquoted(_ text: Substring) -> String {
        var text = text
        if let quote = text.first, quote == "\"" || quote == "'", text.count > 1, text.last == quote {
            text = text.dropFirst().dropLast()
            if quote == "'" { return String(text) }
        }
        var result = ""
        var isEscaped = false
        for character in text {
            if character == "\\" && !isEscaped {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }
}
