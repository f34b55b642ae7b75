// EntityHeaders: the fields by which an agent knows which container a process is in.
//
// Owns the choice among them: the container's id, else the number of its control group's folder, and what the admission
// controller has put into the environment. Reads /proc and /sys through EntityFiles, which tests replace. Neighbours:
// CgroupText reads the table of control groups; AgentClient sends the fields with every question.

/// The fields that name the container.
package struct EntityHeaders: Sendable, Hashable {
    /// `Datadog-Container-ID`.
    package var containerID: String?
    /// `Datadog-Entity-ID`: `ci-` and the container's id, or `in-` and an inode.
    package var entityID: String?
    /// `Datadog-External-Env`.
    package var externalEnvironment: String?

    /// The inode of the first control group namespace, the host's own (the kernel's PROC_CGROUP_INIT_INO).
    static let hostNamespace: UInt64 = 0xEFFF_FFFB

    /// What can be known of this process. In the host's own namespace of control groups the folder's number is left out: the
    /// agent could only take it for the container of somebody else.
    package static func found(environment: [String: String], files: EntityFiles = .system) -> EntityHeaders {
        var headers = EntityHeaders()
        if let value = environment["DD_EXTERNAL_ENV"], !value.isEmpty { headers.externalEnvironment = value }
        guard let text = files.cgroups() else { return headers }
        let groups = CgroupText(text)
        if let id = groups.containerID {
            headers.containerID = id
            headers.entityID = "ci-\(id)"
        } else if files.inode("/proc/thread-self/ns/cgroup").map({ $0 != hostNamespace }) ?? true {
            headers.entityID = groups.folders.lazy.compactMap(files.inode).first.map { "in-\($0)" }
        }
        return headers
    }

    /// Those that are known.
    package var headers: [HTTPHeader] {
        [
            containerID.map { HTTPHeader("Datadog-Container-ID", $0) },
            entityID.map { HTTPHeader("Datadog-Entity-ID", $0) },
            externalEnvironment.map { HTTPHeader("Datadog-External-Env", $0) },
        ].compactMap { $0 }
    }
}
