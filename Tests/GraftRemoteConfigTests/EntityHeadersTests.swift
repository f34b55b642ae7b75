// EntityHeadersTests: which container a process says it is in.

import Testing

@testable import GraftRemoteConfig

/// 64 hexadecimal digits.
private let id = String(repeating: "0123456789abcdef", count: 4)

/// What is found with this table of control groups, in a namespace of its own or the host's.
private func found(_ table: String?, inodes: [String: UInt64] = [:], environment: [String: String] = [:])
    -> EntityHeaders
{
    EntityHeaders.found(environment: environment, files: EntityFiles(cgroups: { table }, inode: { inodes[$0] }))
}

@Suite struct EntityHeadersTests {
    @Test(arguments: [
        ("12:pids:/docker/\(id)\n", id),
        ("1:name=systemd:/kubepods/besteffort/pod3d274242-8ee0-11e9-a8a6-1e68d864ef1a/\(id)\n", id),
        ("0::/system.slice/docker-\(id).scope\n", id),
        ("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-\(id).scope\n", id),
        (
            "9:perf_event:/ecs/55091c13-b8cf-4801-b527-f4601742204d/432624d2150b349fe35ba397284dea78-4175360310",
            "432624d2150b349fe35ba397284dea78-4175360310"
        ),
        (
            "1:name=systemd:/system.slice/garden.service/garden/6f265890-5165-7fab-6b52-18d1",
            "6f265890-5165-7fab-6b52-18d1"
        ),
        ("0::/x/34dc0b5e-626f-2c5c-4c51-70e34b10e765", "34dc0b5e-626f-2c5c-4c51-70e34b10e765"),
        ("bad line\n\n0::/\n3:cpu:/docker/\(id)\n", id),
    ]) func theContainersIDIsFound(table: String, expected: String) {
        let headers = found(table)
        #expect(headers.containerID == expected)
        #expect(headers.entityID == "ci-\(expected)")
    }

    @Test(arguments: [
        "0::/\n", "0::/user.slice/user-0.slice/session-1.scope\n", "12:pids:/docker/\(id.dropLast())\n", "", ":x:\n",
    ])
    func otherPathsHaveNoContainer(table: String) { #expect(found(table).containerID == nil) }

    @Test func withoutAContainersIDTheFoldersInodeIsSaid() {
        let table = "5:cpu,memory:/a\n0::/b\n"
        #expect(found(table, inodes: ["/sys/fs/cgroup/memory/a": 41, "/sys/fs/cgroup/b": 42]).entityID == "in-41")
        #expect(found(table, inodes: ["/sys/fs/cgroup/b": 42, "/proc/thread-self/ns/cgroup": 7]).entityID == "in-42")
        #expect(found(table).entityID == nil)
        #expect(found(nil) == EntityHeaders())
    }

    @Test func inTheHostsNamespaceNoFolderIsSaid() {
        let inodes = ["/sys/fs/cgroup/": 1, "/proc/thread-self/ns/cgroup": EntityHeaders.hostNamespace]
        #expect(found("0::/\n", inodes: inodes).entityID == nil)
    }

    @Test func theAdmissionControllersWordIsPassedOn() {
        let headers = found("0::/docker/\(id)", environment: ["DD_EXTERNAL_ENV": "it-false,cn-x"]).headers
        #expect(
            headers == [
                HTTPHeader("Datadog-Container-ID", id), HTTPHeader("Datadog-Entity-ID", "ci-\(id)"),
                HTTPHeader("Datadog-External-Env", "it-false,cn-x"),
            ])
        #expect(found(nil, environment: ["DD_EXTERNAL_ENV": ""]).headers == [])
    }

    @Test func theSystemsOwnFilesCanBeRead() throws {
        #expect(try #require(EntityFiles.system.cgroups()).contains(":"))
        #expect(try #require(EntityFiles.system.inode("/proc/thread-self/ns/cgroup")) > 0)
        #expect(EntityFiles.system.inode("/nonexistent") == nil)
    }
}
