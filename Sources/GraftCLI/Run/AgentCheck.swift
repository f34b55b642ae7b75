// AgentCheck.swift: the URL of a Datadog agent, before anything is started.
//
// Owns the refusal of one that makes no sense. Whether anybody answers there is not asked: the program must start without
// its Datadog agent, which may come later.

import GraftRemoteConfig

/// Checks the value of `--agent`.
enum AgentCheck {
    /// The URL as it was given; refuses one that is none.
    static func check(_ url: String) throws(Refusal) -> String {
        do throws(TransportError) {
            _ = try AgentAddress(url: url)
            return url
        } catch {
            throw Refusal("\(error)", place: "--agent \(url)", exitCode: ExitCode.usage)
        }
    }
}
