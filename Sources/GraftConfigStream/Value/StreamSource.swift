// StreamSource: who has set a setting, and who wins.
//
// Owns the core agent's names of sources and their order. A key keeps one value for each source; the one of the highest
// rank is in force, and when it is unset, the next one is. Neighbours: StreamEntry keeps the layers.

/// Who has set a setting. The order of the cases is that of the core agent, from the weakest to the strongest.
public enum StreamSource: Sendable, Hashable {
    /// Declared, without a value.
    case schema
    /// The default.
    case `default`
    /// Somebody; also what an empty name means.
    case unknown
    /// The mode of infrastructure.
    case infraMode
    /// The configuration file.
    case file
    /// An environment variable.
    case environmentVariable
    /// The fleet's policies.
    case fleetPolicies
    /// Code that runs after the configuration was read.
    case configPostInit
    /// The store of secrets: a value that is never written to a file here.
    case secret
    /// The process whose configuration it is.
    case localConfigProcess
    /// The agent, while it runs.
    case agentRuntime
    /// Remote Configuration.
    case remoteConfig
    /// The command line.
    case cli
    /// A name that this release does not know. It ranks with `unknown`: it was set by somebody, so it beats the default.
    case other(String)

    /// The source of this name.
    public init(_ name: String) {
        switch name {
        case "schema": self = .schema
        case "default": self = .default
        case "unknown", "": self = .unknown
        case "infra-mode": self = .infraMode
        case "file": self = .file
        case "environment-variable": self = .environmentVariable
        case "fleet-policies": self = .fleetPolicies
        case "config-post-init": self = .configPostInit
        case "secret": self = .secret
        case "local-config-process": self = .localConfigProcess
        case "agent-runtime": self = .agentRuntime
        case "remote-config": self = .remoteConfig
        case "cli": self = .cli
        default: self = .other(name)
        }
    }

    /// The name on the wire.
    public var name: String {
        switch self {
        case .schema: "schema"
        case .default: "default"
        case .unknown: "unknown"
        case .infraMode: "infra-mode"
        case .file: "file"
        case .environmentVariable: "environment-variable"
        case .fleetPolicies: "fleet-policies"
        case .configPostInit: "config-post-init"
        case .secret: "secret"
        case .localConfigProcess: "local-config-process"
        case .agentRuntime: "agent-runtime"
        case .remoteConfig: "remote-config"
        case .cli: "cli"
        case .other(let name): name
        }
    }

    /// Who wins: the higher one. Two of the same rank: the one that was set later.
    public var rank: Int {
        switch self {
        case .schema: -1
        case .default: 0
        case .unknown, .other: 1
        case .infraMode: 2
        case .file: 3
        case .environmentVariable: 4
        case .fleetPolicies: 5
        case .configPostInit: 6
        case .secret: 7
        case .localConfigProcess: 8
        case .agentRuntime: 9
        case .remoteConfig: 10
        case .cli: 11
        }
    }
}

extension StreamSource: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
