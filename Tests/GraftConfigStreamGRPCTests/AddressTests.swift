// AddressTests: every kind of address that a core agent can have, and who is refused there.
#if ConfigStream

    import Foundation
    import GraftConfigStream
    import Testing

    @testable import GraftConfigStreamGRPC

    extension OverGRPC {
        @Suite struct AddressTests {
            @Test func aNameIPv4IPv6AndAUnixSocketLeadToTheSameCoreAgent() async throws {
                let path = "\(CoreAgent.newFolder())/core.sock"
                let agent = try CoreAgent(["--ip", "both", "--unix", path])
                let port = agent.place.port
                for text in ["localhost:\(port)", "127.0.0.1:\(port)", "[::1]:\(port)", "unix://\(path)"] {
                    let transport = GRPCStreamTransport(address: try CoreAgentAddress(text), files: agent.place.files)
                    #expect(transport.address == text)
                    let messages = try await transport.messages(1)
                    #expect(messages.count == 1, "\(text)")
                }
                #expect(try agent.calls().allSatisfy { $0["certificate"] as? String == "ours" })
            }

            @Test(.enabled(if: localhostHasTwoAddresses, "localhost has one address here"))
            func aNameWithOneAddressThatRefusesLeadsToTheOther() async throws {
                // Both addresses of localhost in turn; only one of them is listened at.
                for version in ["4", "6"] {
                    let agent = try CoreAgent(["--ip", version])
                    let transport = GRPCStreamTransport(
                        address: .name("localhost", port: agent.place.port), files: agent.place.files)
                    #expect(try await transport.messages(1).count == 1, "IPv\(version)")
                }
            }

            @Test func nobodyAtTheAddressIsToldAtOnce() async throws {
                let agent = try CoreAgent()
                let files = agent.place.files
                let free = agent.place.port
                agent.kill(SIGKILL)
                let nowhere = [
                    "localhost:\(free)", "127.0.0.1:\(free)", "[::1]:\(free)", "unix:///nowhere/core.sock",
                    "no-such-name.invalid:5001", "vsock://2:65000",
                ]
                for text in nowhere {
                    let transport = GRPCStreamTransport(address: try CoreAgentAddress(text), files: files)
                    let begun = ContinuousClock.now
                    let failure = await #expect(throws: StreamFailure.self) { _ = try await transport.messages(1) }
                    let took = ContinuousClock.now - begun
                    #expect(
                        failure?.code == .unavailable || text.contains("invalid"),
                        "\(text): \(String(describing: failure))")
                    #expect(failure?.rejectsSession == false)
                    // A name is looked up by the system, which may take its time.
                    #expect(took < .seconds(text.contains("invalid") ? 20 : 2), "\(text): \(took)")
                }
            }

            @Test func aServerWhoseNameIsNotInItsCertificateIsRefused() async throws {
                let folder = CoreAgent.newFolder()
                // Anything that speaks TLS will do: nothing is said before the name is looked at.
                let server = try OtherServer(folder: folder, names: "DNS:elsewhere")
                for address in [
                    CoreAgentAddress.name("localhost", port: server.port), .ipv4("127.0.0.1", port: server.port),
                ] {
                    let transport = GRPCStreamTransport(address: address, files: server.files)
                    let failure = await #expect(throws: StreamFailure.self) { _ = try await transport.messages(1) }
                    #expect(failure?.code == .unavailable)
                    #expect(
                        failure?.message.contains("unableToValidateCertificate") == true
                            || failure?.message.contains("ame") == true, "\(String(describing: failure))")
                }
            }

            @Test func aServerWithAnotherCertificateIsRefused() async throws {
                let agent = try CoreAgent()
                let other = try OtherServer.certificate(in: CoreAgent.newFolder(), names: "DNS:localhost,IP:127.0.0.1")
                var files = agent.place.files
                files.certificate = other
                let transport = GRPCStreamTransport(address: .ipv4("127.0.0.1", port: agent.place.port), files: files)
                let failure = await #expect(throws: StreamFailure.self) { _ = try await transport.messages(1) }
                #expect(failure?.code == .unavailable)
                #expect(
                    failure?.message.contains("CERTIFICATE_VERIFY_FAILED") == true, "\(String(describing: failure))")
                #expect(try agent.calls().isEmpty)
            }

            @Test func aClientWithAnotherCertificateIsRefusedByTheServer() async throws {
                let agent = try CoreAgent()
                // It shows its own certificate, and trusts the core agent's as well.
                let other = try OtherServer.certificate(in: CoreAgent.newFolder(), names: "DNS:localhost")
                let both = "\(CoreAgent.newFolder())/both.pem"
                let text = try String(contentsOfFile: other, encoding: .utf8)
                try (text + String(contentsOfFile: agent.place.files.certificate, encoding: .utf8))
                    .write(toFile: both, atomically: true, encoding: .utf8)
                var files = agent.place.files
                files.certificate = both
                let transport = GRPCStreamTransport(address: .ipv4("127.0.0.1", port: agent.place.port), files: files)
                let failure = await #expect(throws: StreamFailure.self) { _ = try await transport.messages(1) }
                #expect(failure?.code == .unavailable)
                #expect(try agent.calls().isEmpty)
            }
        }
    }

    /// Whether localhost is both 127.0.0.1 and ::1.
    private let localhostHasTwoAddresses: Bool = {
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo("localhost", "5001", nil, &first) == 0 else { return false }
        defer { freeaddrinfo(first) }
        let families = sequence(first: first) { $0?.pointee.ai_next }.prefix { $0 != nil }.map { $0!.pointee.ai_family }
        return Set(families) == [AF_INET, AF_INET6]
    }()

    /// A server of TLS, and of nothing else, with a certificate of any names.
    final class OtherServer {
        let port: Int
        let files: IPCFiles
        private let process = Process()

        /// Starts one: openssl's.
        init(folder: String, names: String) throws {
            let certificate = try Self.certificate(in: folder, names: names)
            let token = "\(folder)/auth_token"
            try "0123456789abcdef".write(toFile: token, atomically: true, encoding: .utf8)
            files = IPCFiles(authToken: token, certificate: certificate)
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", certificate, "-alpn",
                "h2",
            ]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            process.standardInput = Pipe()
            try process.run()
            // ACCEPT 127.0.0.1:PORT
            var said = ""
            while !said.contains("ACCEPT") || !said.hasSuffix("\n") {
                let more = output.fileHandleForReading.availableData
                guard !more.isEmpty else { throw CoreAgentError(description: "openssl s_server: \(said)") }
                said += String(decoding: more, as: UTF8.self)
            }
            let line = said.split(separator: "\n").first { $0.hasPrefix("ACCEPT") }!
            port = Int(line.split(separator: ":").last!)!
        }

        deinit { process.terminate() }

        /// Makes a certificate and its key, as a core agent does, in a file of the folder.
        static func certificate(in folder: String, names: String) throws -> String {
            let path = "\(folder)/ipc_cert.pem"
            let openssl = Process()
            openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            openssl.arguments = [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj",
                "/O=Other", "-days", "10", "-addext", "subjectAltName=\(names)", "-keyout", "\(folder)/key.pem", "-out",
                path,
            ]
            openssl.standardError = FileHandle.nullDevice
            try openssl.run()
            openssl.waitUntilExit()
            guard openssl.terminationStatus == 0 else { throw CoreAgentError(description: "openssl req failed") }
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try (text + String(contentsOfFile: "\(folder)/key.pem", encoding: .utf8))
                .write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
    }

#endif
