// CredentialTests: the token and the certificate, as they are found, missing, broken and replaced.
#if ConfigStream

    import Foundation
    import GraftConfigStream
    import Testing

    @testable import GraftConfigStreamGRPC

    extension OverGRPC {
        @Suite struct CredentialTests {
            @Test func aTokenThatIsWrongIsRejected() async throws {
                let agent = try CoreAgent()
                var files = agent.place.files
                files.authToken = "\(agent.folder)/other"
                try "0123456789abcdef".write(toFile: files.authToken, atomically: true, encoding: .utf8)
                let transport = GRPCStreamTransport(address: .ipv4("127.0.0.1", port: agent.place.port), files: files)
                let failure = await #expect(throws: StreamFailure.self) { _ = try await transport.messages(1) }
                #expect(failure?.code == .unauthenticated)
                #expect(failure?.message.contains("invalid auth token") == true)
            }

            @Test func whiteSpaceAroundTheTokenDoesNotCount() async throws {
                let agent = try CoreAgent()
                var files = agent.place.files
                let token = try String(contentsOfFile: files.authToken, encoding: .utf8)
                files.authToken = "\(agent.folder)/spaced"
                try " \n\t\(token)\r\n\n".write(toFile: files.authToken, atomically: true, encoding: .utf8)
                let transport = GRPCStreamTransport(address: .ipv4("127.0.0.1", port: agent.place.port), files: files)
                #expect(try await transport.messages(1).count == 1)
            }

            @Test func bothFilesAreReadAnewForEachConnection() async throws {
                let agent = try CoreAgent()
                let transport = agent.transport()
                #expect(try await transport.messages(1).count == 1)
                for (token, certificate) in [(true, false), (false, true), (true, true)] {
                    try agent.command("rotate", ["token": token, "certificate": certificate])
                    #expect(try await transport.messages(1).count == 1)
                }
            }
        }
    }

    @Suite struct CredentialFileTests {
        let folder = CoreAgent.newFolder()

        /// A file with this text.
        private func file(_ name: String, _ text: String) throws -> String {
            let path = "\(folder)/\(name)"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        /// What reading these two files ends with.
        private func failure(token: String, certificate: String) -> StreamFailure? {
            #expect(throws: StreamFailure.self) {
                _ = try Credentials(IPCFiles(authToken: token, certificate: certificate))
            }
        }

        private let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        private let key = "-----BEGIN EC PRIVATE KEY-----\nBBBB\n-----END EC PRIVATE KEY-----\n"

        @Test func whatIsWrongWithAFileIsSaidWithItsPath() throws {
            let good = try file("auth_token", "0123456789abcdef")
            let pem = try file("ipc_cert.pem", certificate + key)
            let large = String(repeating: "a", count: Credentials.fileBytesMax + 1)
            let wrong: [(token: String, certificate: String, culprit: String, reason: String)] = [
                ("\(folder)/none", pem, "\(folder)/none", "No such file or directory"),
                (folder, pem, folder, "Is a directory"),
                (try file("empty", " \n"), pem, "\(folder)/empty", "it is empty"),
                (try file("words", "two words"), pem, "\(folder)/words", "not one word"),
                (try file("control", "a\u{1}b"), pem, "\(folder)/control", "not one word"),
                (try file("large", large), pem, "\(folder)/large", "more than 65536 bytes"),
                (good, "\(folder)/none", "\(folder)/none", "No such file or directory"),
                (good, try file("nothing", "hello"), "\(folder)/nothing", "no certificate"),
                (good, try file("keyless", certificate), "\(folder)/keyless", "no private key"),
                (good, try file("key", key), "\(folder)/key", "no certificate"),
                (good, try file("cut", "-----BEGIN CERTIFICATE-----\nAAAA\n" + key), "\(folder)/cut", "no certificate"),
                (good, try file("larger", large), "\(folder)/larger", "more than 65536 bytes"),
            ]
            for (token, certificate, culprit, reason) in wrong {
                let failure = failure(token: token, certificate: certificate)
                #expect(failure?.code == .credentials)
                #expect(
                    failure?.message.hasPrefix("\(culprit) cannot be used: ") == true, "\(String(describing: failure))")
                #expect(failure?.message.contains(reason) == true, "\(String(describing: failure))")
            }
        }

        @Test func atTheLimitAFileIsRead() throws {
            let token = try file("auth_token", String(repeating: "a", count: Credentials.fileBytesMax))
            let pem = try file("ipc_cert.pem", "comment\r\n" + certificate + "\n" + key + "trailing")
            let credentials = try Credentials(IPCFiles(authToken: token, certificate: pem))
            #expect(credentials.authorization.utf8.count == "Bearer ".utf8.count + Credentials.fileBytesMax)
            #expect(credentials.certificates.map { String(decoding: $0, as: UTF8.self) } == [certificate])
            #expect(String(decoding: credentials.privateKey, as: UTF8.self) == key)
        }

        @Test func aCertificateThatIsNoneIsSaidBeforeAnythingIsSent() async throws {
            let files = IPCFiles(
                authToken: try file("auth_token", "0123456789abcdef"), certificate: try file("pem", certificate + key))
            let transport = GRPCStreamTransport(address: .ipv4("127.0.0.1", port: 9), files: files)
            let failure = await #expect(throws: StreamFailure.self) { try await transport.withConnection { _ in } }
            #expect(failure?.code == .credentials)
            #expect(failure?.message.hasPrefix(files.certificate) == true, "\(String(describing: failure))")
            #expect(failure?.message.contains("BBBB") == false)
        }
    }

#endif
