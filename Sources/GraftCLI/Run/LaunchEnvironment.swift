// LaunchEnvironment.swift: the environment that a program is started with.
//
// Owns the changes to it: everything else is passed on as it is, in its order. A pure function of its inputs.
// Neighbours: RunCommand.swift, AgentSettings.swift (the variables' names).

import GraftAgent
import GraftSCA

/// What the environment of a program shall say.
struct LaunchEnvironment: Hashable, Sendable {
    /// The path of libgraft-preload.so.
    var preload: String
    /// The configuration to follow; nil leaves the variable as it is.
    var configuration: String?
    /// The URL of the Datadog agent to ask; nil leaves the variables as they are.
    var datadogAgent: String?
    /// The file of the report; nil leaves the variable as it is.
    var report: String?
    /// Whether to open the gate.
    var opensGate = false
    /// The process number of the program.
    var program: Int32

    /// `base` with these changes. Each entry is `NAME=VALUE`.
    func applied(to base: [String]) -> [String] {
        var settings: [(name: String, value: String)] = [
            ("LD_PRELOAD", Self.prepend(preload, to: Self.value(of: "LD_PRELOAD", in: base))),
            (AgentSettings.programVariable, "\(program)"),
        ]
        if let configuration { settings.append((AgentSettings.configurationVariable, configuration)) }
        if let datadogAgent {
            settings.append((RemoteSettings.urlVariable, datadogAgent))
            settings.append((RemoteSettings.enabledVariables[0], "true"))
        }
        if let report { settings.append((AgentSettings.reportVariable, report)) }
        if opensGate { settings += Gate.Variable.allCases.map { ($0.rawValue, "1") } }
        let names = Set(settings.map(\.name))
        let kept = base.filter { !names.contains(Self.name(of: $0)) }
        return kept + settings.map { "\($0.name)=\($0.value)" }
    }

    /// The value of a variable: of its first entry, as getenv finds it.
    static func value(of name: String, in environment: [String]) -> String? {
        let entry = environment.first { Self.name(of: $0) == name }
        return entry.map { String($0.utf8.dropFirst(name.utf8.count + 1)) ?? "" }
    }

    /// The environment by name; the first of several entries counts, as it does for getenv.
    static func dictionary(_ environment: [String]) -> [String: String] {
        var values: [String: String] = [:]
        for entry in environment where values[name(of: entry)] == nil {
            values[name(of: entry)] = value(of: name(of: entry), in: [entry])
        }
        return values
    }

    /// The name in an entry `NAME=VALUE`.
    private static func name(of entry: String) -> String {
        String(entry.prefix { $0 != "=" })
    }

    /// Puts our library before those that are preloaded already, once.
    private static func prepend(_ library: String, to existing: String?) -> String {
        let others = (existing ?? "").split(whereSeparator: { $0 == ":" || $0 == " " }).filter { $0 != library }
        return ([library] + others.map(String.init)).joined(separator: ":")
    }
}
