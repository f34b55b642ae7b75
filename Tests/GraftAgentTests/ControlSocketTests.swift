// ControlSocketTests.swift: the socket's two ends, and everyone who might come between them.

import Foundation
import Synchronization
import Testing

@testable import GraftAgent

/// An agent's end that answers on a thread of its own.
final class FakeAgent: Sendable {
    private let isEnding = Atomic<Bool>(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    init(place: SocketPlace, answer: @escaping @Sendable ([UInt8]) -> [UInt8]) throws {
        let listening = DispatchSemaphore(value: 0)
        let problem = Mutex<AgentError?>(nil)
        try AgentThread.start(named: "fake-agent") { [self] in
            do throws(AgentError) {
                let server = try ControlServer(place: place, process: getpid(), user: geteuid())
                listening.signal()
                serve(server, answer: answer)
            } catch {
                problem.withLock { $0 = error }
                listening.signal()
            }
            hasEnded.signal()
        }
        listening.wait()
        if let error = problem.withLock({ $0 }) { throw error }
    }

    private func serve(_ server: ControlServer, answer: ([UInt8]) -> [UInt8]) {
        while !isEnding.load(ordering: .acquiring) {
            var polls = server.polls
            guard poll(&polls, nfds_t(polls.count), 10) >= 0 else { continue }
            server.serve(polls, now: Clock.milliseconds, answer: answer)
        }
        server.close(unlinking: true)
    }

    func end() {
        isEnding.store(true, ordering: .releasing)
        hasEnded.wait()
    }
}

/// A folder in /tmp that goes away with the test: its path is short, as a runtime folder's is.
final class Folder {
    let path = "/tmp/graft-test-\(UInt32.random(in: 0 ... .max))"
    init(mode: mode_t = 0o700) {
        mkdir(path, mode)
        chmod(path, mode)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    var place: SocketPlace { SocketPlace(folder: path) }
}

@Suite(.serialized) struct ControlSocketTests {
    private let folder = Folder()

    private func connect() throws -> ControlClient {
        try ControlClient(place: folder.place, process: getpid(), user: geteuid())
    }

    @Test func `requests are answered, again and again on one connection`() throws {
        let agent = try FakeAgent(place: folder.place) { Array("<".utf8) + $0 + Array(">".utf8) }
        defer { agent.end() }
        let client = try connect()
        for word in ["a", "", "status", String(repeating: "x", count: ControlProtocol.requestMaximum)] {
            #expect(try client.request(Array(word.utf8)) == Array("<\(word)>".utf8))
        }
    }

    @Test func `an answer of many megabytes arrives whole`() throws {
        let size = 8 << 20
        let agent = try FakeAgent(place: folder.place) { _ in [UInt8](repeating: 65, count: size) }
        defer { agent.end() }
        #expect(try connect().request([65]).count == size)
    }

    @Test func `the socket and its folder are the owner's alone, and the name goes away`() throws {
        let agent = try FakeAgent(place: folder.place) { $0 }
        let path = folder.place.path(process: getpid())
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600 && status.st_mode & S_IFMT == S_IFSOCK)
        agent.end()
        #expect(stat(path, &status) != 0)
    }

    @Test func `silent clients take all places but never the agent's time`() throws {
        let agent = try FakeAgent(place: folder.place) { $0 }
        defer { agent.end() }
        let silent = try (0..<ControlProtocol.clientsMaximum - 1).map { _ in try connect() }
        let client = try connect()
        #expect(try client.request([65]) == [65])
        let waiting = try connect()
        let error = #expect(throws: AgentError.self) { try waiting.request([65], patience: 100) }
        #expect(error?.code == .timedOut)
        #expect(try client.request([66]) == [66])
        withExtendedLifetime(silent) {}
    }

    @Test func `a client that says too much is shown the door`() throws {
        let agent = try FakeAgent(place: folder.place) { $0 }
        defer { agent.end() }
        let tooLong = [UInt8](repeating: 65, count: ControlProtocol.requestMaximum + 1)
        let error = #expect(throws: AgentError.self) { try connect().request(tooLong) }
        #expect(error?.code == .protocolViolation || error?.code == .os)
        #expect(try connect().request([65]) == [65])
    }

    @Test func `nobody there is an error of its own`() throws {
        let error = #expect(throws: AgentError.self) { try connect() }
        #expect(error?.code == .noAgent)
    }

    @Test func `a socket that a dead process left is replaced, a live one is not`() throws {
        let path = folder.place.path(process: getpid())
        let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(try SocketAddress.with(path: path) { bind(dead, $0, $1) } == 0)
        close(dead)
        let agent = try FakeAgent(place: folder.place) { $0 }
        #expect(try connect().request([65]) == [65])
        #expect(throws: AgentError.self) { try FakeAgent(place: folder.place) { $0 } }
        #expect(try connect().request([65]) == [65])
        agent.end()
    }

    @Test func `sockets of processes that are gone are removed, other files are not`() throws {
        let gone = Process()
        gone.executableURL = URL(fileURLWithPath: "/bin/true")
        try gone.run()
        gone.waitUntilExit()
        for name in ["\(gone.processIdentifier).sock", "1.sock"] {
            let left = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            #expect(try SocketAddress.with(path: "\(folder.path)/\(name)") { bind(left, $0, $1) } == 0)
            close(left)
        }
        #expect(FileManager.default.createFile(atPath: "\(folder.path)/x.sock", contents: nil))
        let agent = try FakeAgent(place: folder.place) { $0 }
        agent.end()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(names == ["1.sock", "x.sock"])
    }
}

@Suite struct SocketPlaceTests {
    @Test func `the wanted folder comes first`() {
        func folders(_ environment: [String: String]) -> [String] {
            SocketPlace.candidates(user: 7) { environment[$0] }.map(\.folder)
        }
        #expect(folders([:]) == ["/tmp/graft-7"])
        #expect(folders(["XDG_RUNTIME_DIR": "/run/user/7"]) == ["/run/user/7/graft", "/tmp/graft-7"])
        #expect(folders(["XDG_RUNTIME_DIR": "relative"]) == ["/tmp/graft-7"])
        #expect(folders(["XDG_RUNTIME_DIR": "/r", "GRAFT_SOCKET_DIR": "/mine"]) == ["/mine"])
        #expect(folders(["GRAFT_SOCKET_DIR": ""]) == ["/tmp/graft-7"])
    }

    @Test func `names and numbers belong together`() {
        #expect(SocketPlace.process(name: SocketPlace.name(process: 42)) == 42)
        for name in ["42", ".sock", "x.sock", "-1.sock", "0.sock", "99999999999.sock"] {
            #expect(SocketPlace.process(name: name) == nil)
        }
    }

    @Test func `a folder is made, and only for its user`() throws {
        let folder = Folder()
        let place = SocketPlace(folder: folder.path + "/graft")
        _ = try place.create(user: geteuid())
        _ = try place.create(user: geteuid())
        var status = stat()
        #expect(stat(place.folder, &status) == 0 && status.st_mode & 0o7777 == 0o700)
    }

    @Test func `a folder that others can enter is refused`() {
        let folder = Folder(mode: 0o750)
        let error = #expect(throws: AgentError.self) { try folder.place.open(user: geteuid()) }
        #expect(error?.code == .untrusted && error?.message.contains("750") == true)
    }

    @Test func `a folder of another user is refused`() {
        let folder = Folder()
        let error = #expect(throws: AgentError.self) { try folder.place.open(user: geteuid() + 1) }
        #expect(error?.code == .untrusted)
    }

    @Test func `a link to a folder is refused, and so is a file`() throws {
        let folder = Folder()
        let link = folder.path + "/link"
        symlink(folder.path, link)
        for path in [link, "/etc/passwd"] {
            let error = #expect(throws: AgentError.self) { try SocketPlace(folder: path).create(user: geteuid()) }
            #expect(error?.code == .untrusted)
        }
    }

    @Test func `a path of any length has an address`() throws {
        let folder = Folder()
        let long = folder.path + "/" + String(repeating: "d", count: 200)
        mkdir(long, 0o700)
        let agent = try FakeAgent(place: SocketPlace(folder: long)) { $0 }
        let client = try ControlClient(place: SocketPlace(folder: long), process: getpid(), user: geteuid())
        #expect(try client.request([65]) == [65])
        agent.end()
    }
}
