// LaunchEnvironmentTests.swift: what a program's environment says, and what is left alone.

import GraftSCA
import Testing

@testable import GraftCLI

@Suite struct LaunchEnvironmentTests {
    private let launch = LaunchEnvironment(preload: "/g/libgraft-preload.so", program: 42)

    @Test func `nothing but ours is added to an empty environment`() {
        #expect(launch.applied(to: []) == ["LD_PRELOAD=/g/libgraft-preload.so", "GRAFT_PROGRAM_PID=42"])
    }

    @Test func `other variables keep their order and their strange forms`() {
        let base = ["B=2", "A=1", "EMPTY=", "NOEQUALS", "X=a=b"]
        #expect(launch.applied(to: base).prefix(5) == base[...])
    }

    @Test func `our library comes before those that are preloaded already, once`() {
        let before = launch.applied(to: ["LD_PRELOAD=/a.so:/b.so /c.so"])
        #expect(LaunchEnvironment.value(of: "LD_PRELOAD", in: before) == "/g/libgraft-preload.so:/a.so:/b.so:/c.so")
        #expect(launch.applied(to: before) == before)
    }

    @Test func `repeated variables become one`() {
        let applied = launch.applied(to: ["LD_PRELOAD=/a.so", "LD_PRELOAD=/b.so"])
        #expect(applied.count { $0.hasPrefix("LD_PRELOAD=") } == 1)
        #expect(applied[0] == "LD_PRELOAD=/g/libgraft-preload.so:/a.so")
    }

    @Test func `paths are set when given and inherited when not`() {
        var launch = launch
        #expect(launch.applied(to: ["GRAFT_CONFIG=/old"]).contains("GRAFT_CONFIG=/old"))
        launch.configuration = "/new"
        launch.report = "/r"
        let applied = launch.applied(to: ["GRAFT_CONFIG=/old"])
        #expect(applied.contains("GRAFT_CONFIG=/new") && !applied.contains("GRAFT_CONFIG=/old"))
        #expect(applied.contains("GRAFT_REPORT=/r"))
    }

    @Test func `a Datadog agent that is named is also asked`() {
        var launch = launch
        let base = ["DD_TRACE_AGENT_URL=http://old:1", "DD_REMOTE_CONFIGURATION_ENABLED=false"]
        #expect(launch.applied(to: base).prefix(2) == base[...])
        launch.datadogAgent = "unix:///s"
        let applied = launch.applied(to: base)
        #expect(applied.contains("DD_TRACE_AGENT_URL=unix:///s") && !applied.contains(base[0]))
        #expect(applied.contains("DD_REMOTE_CONFIGURATION_ENABLED=true") && !applied.contains(base[1]))
    }

    @Test func `only sca opens the gate`() {
        var launch = launch
        let closed = Gate(environment: LaunchEnvironment.dictionary(launch.applied(to: ["DD_APPSEC_ENABLED=0"])))
        #expect(closed.missing.count == 3)
        launch.opensGate = true
        let open = launch.applied(to: ["DD_APPSEC_ENABLED=0"])
        #expect(Gate(environment: LaunchEnvironment.dictionary(open)).isOpen)
    }

    @Test func `the first entry of a variable counts`() {
        #expect(LaunchEnvironment.value(of: "A", in: ["AB=0", "A=1", "A=2"]) == "1")
        #expect(LaunchEnvironment.value(of: "A", in: ["A="]) == "")
        #expect(LaunchEnvironment.value(of: "A", in: ["AB=0"]) == nil)
        #expect(LaunchEnvironment.dictionary(["A=1", "A=2", "B=x=y"]) == ["A": "1", "B": "x=y"])
    }
}
