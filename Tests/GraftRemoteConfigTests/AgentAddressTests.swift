// AgentAddressTests: how an address is written, which one the environment chooses, and what is refused where.

import Testing

@testable import GraftRemoteConfig

@Suite struct AgentAddressTests {
    @Test(arguments: [
        ("http://agent:8126", AgentAddress.Way.tcp(host: "agent", port: 8126), "", "agent:8126"),
        ("HTTP://127.0.0.1:1", .tcp(host: "127.0.0.1", port: 1), "", "127.0.0.1:1"),
        ("http://a-b_c.d:65535/", .tcp(host: "a-b_c.d", port: 65535), "", "a-b_c.d:65535"),
        ("http://agent", .tcp(host: "agent", port: 80), "", "agent"),
        ("http://[::1]:8126/dd/x/", .tcp(host: "::1", port: 8126), "/dd/x", "[::1]:8126"),
        ("http://[fe80::1]", .tcp(host: "fe80::1", port: 80), "", "[fe80::1]"),
        ("unix:///var/run/datadog/apm.socket", .unix(path: "/var/run/datadog/apm.socket"), "", "localhost"),
        ("unix:///a%20b c", .unix(path: "/a%20b c"), "", "localhost"),
    ]) func aURLIsTaken(url: String, way: AgentAddress.Way, base: String, host: String) throws {
        let address = try AgentAddress(url: url)
        #expect(address.way == way)
        #expect(address.basePath == base)
        #expect(address.hostField == host)
        #expect(try AgentAddress(url: address.description) == address)
    }

    @Test(arguments: [
        ("", "at byte 0: an agent's address begins with http:// or unix://"),
        ("localhost:8126", "at byte 0: an agent's address begins with http:// or unix://"),
        ("https://agent", "at byte 0: an agent does not offer https: use http:// or unix://"),
        ("http://", "at byte 7: there is no host"),
        ("http://:8126", "at byte 7: there is no host"),
        ("http://a:", "at byte 9: a port is at least 1"),
        ("http://a:0", "at byte 9: a port is at least 1"),
        ("http://a:65536", "at byte 13: a port is at most 65535"),
        ("http://a:99999999999999999999", "at byte 13: a port is at most 65535"),
        ("http://a:8x", "at byte 10: a port is a decimal number"),
        ("http://a b", "at byte 8: this is no byte of a host's name"),
        ("http://ä", "at byte 7: this is no byte of a host's name"),
        ("http://u:p@a", "at byte 10: an agent's address has no user"),
        ("http://a/x?y", "at byte 10: an agent's address has a path at most, and nothing after it"),
        ("http://a/\r\nX: y", "at byte 9: an agent's address has a path at most, and nothing after it"),
        ("http://::1:8126", "at byte 7: there is no host"),
        ("http://[::1", "at byte 7: a bracket is not closed"),
        ("http://[::1]8126", "at byte 12: a colon and the port are expected"),
        ("http://[127.0.0.1]", "at byte 8: this is no numeric IPv6 address"),
        ("http://[fe80::1%25eth0]", "at byte 8: this is no numeric IPv6 address"),
        ("http://127.1", "at byte 7: this is no numeric IPv4 address"),
        ("http://256.0.0.1", "at byte 7: this is no numeric IPv4 address"),
        ("unix://relative", "at byte 7: the absolute path of a socket is expected: unix:///…"),
        ("unix:///", "at byte 7: the absolute path of a socket is expected: unix:///…"),
        ("unix:///a\0b", "at byte 9: a path has no zero byte"),
    ]) func aBadURLIsRefusedWithItsPlace(url: String, message: String) {
        #expect(throws: TransportError.self) { try AgentAddress(url: url) }
        do { _ = try AgentAddress(url: url) } catch { #expect(error.description == message) }
    }

    @Test func pathsAndNamesAreTakenAtTheLimitAndRefusedPastIt() throws {
        let path = "/" + String(repeating: "x", count: AgentAddress.maximumSocketPathBytes - 1)
        #expect(try AgentAddress(url: "unix://" + path).way == .unix(path: path))
        #expect(PeerAddress(socket: path) != nil)
        #expect(PeerAddress(socket: path + "x") == nil)
        let long = #expect(throws: TransportError.self) { try AgentAddress(url: "unix://\(path)x") }
        #expect(long?.description == "at byte 114: the socket's path has 108 bytes, and an address has room for 107")
        let host = String(repeating: "x", count: AgentAddress.maximumHostBytes)
        #expect(try AgentAddress(url: "http://\(host):1").way == .tcp(host: host, port: 1))
        #expect(throws: TransportError.self) { try AgentAddress(url: "http://\(host)x:1") }
    }

    @Test(
        arguments: [
            ([:], false, "http://localhost:8126"),
            ([:], true, "unix:///var/run/datadog/apm.socket"),
            (["DD_TRACE_AGENT_URL": ""], true, "unix:///var/run/datadog/apm.socket"),
            (["DD_AGENT_HOST": "h"], true, "http://h:8126"),
            (["DD_AGENT_HOST": "::1"], true, "http://[::1]:8126"),
            (["DD_AGENT_HOST": "[::1]"], true, "http://[::1]:8126"),
            (["DD_TRACE_AGENT_PORT": "9"], true, "http://localhost:9"),
            (["DD_TRACE_AGENT_HOSTNAME": "old", "DD_AGENT_PORT": "7"], true, "http://old:7"),
            (["DD_TRACE_AGENT_HOSTNAME": "old", "DD_AGENT_HOST": "new"], true, "http://new:8126"),
            (["DD_AGENT_PORT": "7", "DD_TRACE_AGENT_PORT": "8"], true, "http://localhost:8"),
            (
                ["DD_TRACE_AGENT_URL": "http://u:5", "DD_AGENT_HOST": "h", "DD_TRACE_AGENT_PORT": "9"], true,
                "http://u:5"
            ),
        ] as [([String: String], Bool, String)])
    func theEnvironmentChoosesAsTracersDo(environment: [String: String], hasSocket: Bool, url: String) throws {
        let address = try AgentAddress.chosen(by: environment) { $0 == AgentAddress.usualSocket && hasSocket }
        #expect(address.description == url)
    }

    @Test(arguments: [
        (
            ["DD_TRACE_AGENT_URL": "ftp://x"],
            "DD_TRACE_AGENT_URL: at byte 0: an agent's address begins with http:// or unix://"
        ),
        (["DD_AGENT_HOST": "a b"], "DD_AGENT_HOST: at byte 1: this is no byte of a host's name"),
        (["DD_TRACE_AGENT_PORT": "80a"], "DD_TRACE_AGENT_PORT: at byte 2: a port is a decimal number"),
        (["DD_AGENT_PORT": "0"], "DD_AGENT_PORT: at byte 0: a port is at least 1"),
    ]) func aBadVariableIsNamed(environment: [String: String], message: String) {
        let error = #expect(throws: TransportError.self) { try AgentAddress.chosen(by: environment) { _ in true } }
        #expect(error?.description == message)
    }
}
