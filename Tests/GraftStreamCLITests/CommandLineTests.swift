// CommandLineTests: what a command line means, and how a senseless one is refused.
#if ConfigStream

    import GraftConfigStream
    import Testing

    @testable import GraftStreamCLI

    @Suite struct CommandLineTests {
        /// What a command line asks for; nil for help and version.
        private func request(_ words: String...) throws(UsageError) -> Request? {
            if case .watch(let request) = try Arguments(words).action { request } else { nil }
        }

        @Test func `without options it shows everything of the core agent on this machine`() throws {
            let request = try #require(try request())
            #expect(request.address == .name("localhost", port: 5001))
            #expect(request.files == IPCFiles(folder: "/etc/datadog-agent"))
            #expect(request.session == nil && request.client == "graft-stream" && request.selection == .all)
            #expect(!request.isJSON && !request.isOnce && request.timeout == nil && !request.showsSecrets)
            #expect(request.profile == .graft && request.loudness == .usual)
        }

        @Test func `options take the next word or what follows the equals sign`() throws {
            let request = try #require(
                try request("--server=unix:///run/a=b.sock", "--ipc", "/f", "--prefix", "-x", "--once", "--json"))
            #expect(request.address == .unix(path: "/run/a=b.sock"))
            #expect(request.files == IPCFiles(folder: "/f"))
            #expect(request.selection == .prefix("-x") && request.isOnce && request.isJSON)
        }

        @Test func `the certificate is beside the token unless it is named`() throws {
            let beside = try #require(try request("--auth-token", "/a/token"))
            #expect(beside.files == IPCFiles(authToken: "/a/token", certificate: "/a/ipc_cert.pem"))
            let named = try #require(try request("--auth-token", "/a/token", "--cert", "/b/c.pem"))
            #expect(named.files == IPCFiles(authToken: "/a/token", certificate: "/b/c.pem"))
        }

        @Test func `once waits for half a minute unless it is told how long`() throws {
            #expect(try request("--once")?.timeout == .seconds(30))
            #expect(try request("--once", "--timeout", "0.5")?.timeout == .milliseconds(500))
            #expect(try request("--timeout", "86400")?.timeout == .seconds(86_400))
        }

        @Test func `every profile has a name`() throws {
            for profile in [StreamProfile.seed, .merged, .current, .graft] {
                #expect(try request("--profile", profile.name)?.profile == profile)
            }
        }

        @Test func `names of 256 bytes are taken`() throws {
            let name = String(repeating: "n", count: 256)
            #expect(try request("--client", name)?.client == name)
            #expect(try request("--session", name)?.session == name)
        }

        @Test(arguments: [
            (["--sever", "x:1"], "argument 1: unknown option --sever"),
            (["--json", "--json"], "argument 2: --json is given twice"),
            (["--json=1"], "argument 1: --json takes no value"),
            (["--server"], "argument 1: --server needs a value, ADDRESS"),
            (["--once", "--server="], "argument 2: --server needs a value, ADDRESS"),
            (["localhost:1"], "argument 1: unexpected word \"localhost:1\""),
            (["--"], "argument 1: unexpected word \"--\""),
            (["--server", "localhost"], "\"localhost\" is not a core agent's address: a port is missing"),
            (["--ipc", "/a", "--auth-token", "b"], "--ipc and --auth-token exclude each other"),
            (["--ipc", "/a", "--cert", "b"], "--ipc and --cert exclude each other"),
            (["--cert", "b"], "--cert needs --auth-token"),
            (["--key", "a", "--prefix", "b"], "--prefix and --key exclude each other"),
            (["--quiet", "--verbose"], "--quiet and --verbose exclude each other"),
            (["--profile", "new"], "no profile is called new; there are seed, merged, current, graft"),
            (["--timeout", "0"], "--timeout is a number of seconds, more than 0 and at most 86400"),
            (["--timeout", "86400.1"], "--timeout is a number of seconds, more than 0 and at most 86400"),
            (["--timeout", "nan"], "--timeout is a number of seconds, more than 0 and at most 86400"),
            (["--client", "a b"], "--client consists of visible ASCII characters, without spaces"),
            (["--session", "\u{1B}[2J"], "--session consists of visible ASCII characters, without spaces"),
            (["--client", String(repeating: "n", count: 257)], "--client has at most 256 bytes, this one 257"),
        ])
        func `what makes no sense is refused with its place`(words: [String], message: String) {
            let error = #expect(throws: UsageError.self) { _ = try Arguments(words).action }
            #expect(error?.description == "\(message) (see graft-stream --help)")
        }

        @Test func `help and version come before everything else`() throws {
            #expect(try Arguments(["-h", "--cert", "x"]).action == .help)
            #expect(try Arguments(["--cert", "x", "--version"]).action == .version)
        }

        @Test func `the help names every option and is at most 80 columns wide`() {
            for option in Options.allCases { #expect(Help.text.contains("  \(option.rawValue)")) }
            for line in Help.text.split(separator: "\n") { #expect(line.count <= 80 || line.contains("Z "), "\(line)") }
        }
    }

#endif
