// CgroupText: what /proc/thread-self/cgroup says.
//
// Owns the reading of `number:controllers:path` lines: the container's id that runtimes put into the path, and the folders
// under which the group is mounted. Lines of another form are passed over: the table is the kernel's, and it may grow.
// Neighbour: EntityHeaders.

/// The table of a process's control groups.
struct CgroupText {
    /// A line.
    private struct Group {
        /// The controllers, divided by commas; empty in version 2.
        var controllers: Substring
        /// The path.
        var path: Substring
    }

    /// The lines.
    private let groups: [Group]

    /// Reads the table.
    init(_ text: String) {
        groups = text.split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, !parts[0].isEmpty, parts[0].utf8.allSatisfy({ HTTPText.decimal($0) != nil }) else {
                return nil
            }
            return Group(controllers: parts[1], path: parts[2])
        }
    }

    /// The container's id: the first that is found.
    var containerID: String? { groups.lazy.compactMap { Self.containerID(in: $0.path) }.first }

    /// The folders to look for, the likelier first: version 1 mounts the memory controller on its own.
    var folders: [String] {
        let memory = groups.first { $0.controllers.split(separator: ",").contains("memory") }
        let unified = groups.first { $0.controllers.isEmpty }
        return [memory.map { "/sys/fs/cgroup/memory\($0.path)" }, unified.map { "/sys/fs/cgroup\($0.path)" }]
            .compactMap { $0 }
    }

    /// The id at the end of a path, before `.scope` if that is there: 64 hexadecimal digits (Docker, containerd, CRI-O), 32 and
    /// a number (ECS on Fargate), or a UUID (Garden).
    static func containerID(in path: Substring) -> String? {
        var name = Array(path.utf8)[...]
        let scope = Array(".scope".utf8)
        if name.suffix(scope.count).elementsEqual(scope) { name = name.dropLast(scope.count) }
        for isID in [isTask, isUUID, isContainer] {
            if let length = isID(name) { return String(decoding: name.suffix(length), as: UTF8.self) }
        }
        return nil
    }

    /// Whether a byte is a lower-case hexadecimal digit, as runtimes write them.
    private static func isDigit(_ byte: UInt8) -> Bool {
        HTTPText.hexadecimal(byte) != nil && HTTPText.lower(byte) == byte
    }

    /// The length of 64 hexadecimal digits at the end.
    private static func isContainer(_ name: ArraySlice<UInt8>) -> Int? {
        name.count >= 64 && name.suffix(64).allSatisfy(isDigit) ? 64 : nil
    }

    /// The length of 32 hexadecimal digits, a hyphen and a number at the end.
    private static func isTask(_ name: ArraySlice<UInt8>) -> Int? {
        let number = name.reversed().prefix { HTTPText.decimal($0) != nil }.count
        let rest = name.dropLast(number)
        guard number > 0, rest.last == UInt8(ascii: "-"), rest.count >= 33 else { return nil }
        return rest.dropLast().suffix(32).allSatisfy(isDigit) ? 33 + number : nil
    }

    /// The length of a UUID at the end, with hyphens or underscores; the four groups that Garden writes count as well.
    private static func isUUID(_ name: ArraySlice<UInt8>) -> Int? {
        for groups in [[8, 4, 4, 4, 12], [8, 4, 4, 4, 4]] where isGrouped(name, groups) {
            return groups.reduce(groups.count - 1, +)
        }
        return nil
    }

    /// Whether the end is made of groups of so many hexadecimal digits.
    private static func isGrouped(_ name: ArraySlice<UInt8>, _ groups: [Int]) -> Bool {
        var rest = name
        for (index, count) in groups.enumerated().reversed() {
            guard rest.count >= count, rest.suffix(count).allSatisfy(isDigit) else { return false }
            rest = rest.dropLast(count)
            guard index > 0 else { return true }
            guard let divider = rest.popLast(), divider == UInt8(ascii: "-") || divider == UInt8(ascii: "_") else {
                return false
            }
        }
        return true
    }
}
