// ProgramCheck.swift: whether a program can be started with a preloaded library, decided before it is started.
//
// Owns the refusals of `graft run`. The dynamic linker would ignore the library silently in each of these cases; a user
// should read why instead. Scripts are followed to their interpreter. It starts nothing. Neighbours: ProgramSearch.swift,
// ElfHeader.swift, ScriptLine.swift.

internal import Glibc
import GraftAgent

/// Checks programs.
struct ProgramCheck {
    /// The value of PATH, for `#!/usr/bin/env NAME`.
    var searchPath: String?

    /// Scripts that lead to scripts that lead to …; the kernel follows five.
    static let interpretersMaximum = 5

    /// What this tool was built for.
    #if arch(x86_64)
        static let machine: UInt16 = 62
        static let machineName = "x86-64"
    #elseif arch(arm64)
        static let machine: UInt16 = 183
        static let machineName = "aarch64"
    #endif

    /// Checks the program at `path`, which exists and is executable.
    func check(_ path: String) throws(Refusal) {
        try check(path, depth: 0)
    }

    /// Checks one file and, if it is a script, what runs it.
    private func check(_ path: String, depth: Int) throws(Refusal) {
        guard depth <= Self.interpretersMaximum else {
            throw Refusal("too many scripts lead to scripts", place: path)
        }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard let file = Descriptor(adopting: file) else {
            throw Refusal("cannot be read, so its kind is unknown: \(String(cString: strerror(errno)))", place: path)
        }
        try checkRights(path, file: file)
        if let script = ScriptLine(read(file, 0, ScriptLine.lengthMaximum)) {
            try checkInterpreter(of: path, script: script, depth: depth)
        } else {
            try checkElf(path, file: file)
        }
    }

    /// Refuses programs that the kernel starts with more rights than the user has.
    private func checkRights(_ path: String, file: Descriptor) throws(Refusal) {
        let consequence = "the dynamic linker ignores LD_PRELOAD for it"
        var status = stat()
        guard fstat(file.number, &status) == 0 else {
            throw Refusal(String(cString: strerror(errno)), place: path, exitCode: ExitCode.failure)
        }
        if status.st_mode & S_ISUID != 0 { throw Refusal("is setuid: \(consequence)", place: path) }
        if status.st_mode & S_ISGID != 0, status.st_mode & S_IXGRP != 0 {
            throw Refusal("is setgid: \(consequence)", place: path)
        }
        if Libc.hasAttribute("security.capability", path: path) {
            throw Refusal("has file capabilities: \(consequence)", place: path)
        }
    }

    /// Follows a script to its interpreter, and `env` to the program that it will find.
    private func checkInterpreter(of path: String, script: ScriptLine, depth: Int) throws(Refusal) {
        do throws(Refusal) {
            try ProgramSearch.check(script.interpreter)
            try check(script.interpreter, depth: depth + 1)
            guard let name = script.environmentProgram else { return }
            try check(ProgramSearch.find(name, path: searchPath), depth: depth + 1)
        } catch {
            throw Refusal("its interpreter \(error)", place: path, exitCode: error.exitCode)
        }
    }

    /// Refuses ELF files that do not load a preloaded library, or not this one.
    private func checkElf(_ path: String, file: Descriptor) throws(Refusal) {
        let header: ElfHeader
        do throws(ElfHeader.Problem) {
            header = try ElfHeader { offset, count in read(file, offset, count) }
        } catch {
            throw Refusal(error.description, place: path, exitCode: ExitCode.notExecutable)
        }
        guard header.is64 else { throw Refusal("is a 32-bit program; the agent is 64-bit", place: path) }
        guard header.isLittleEndian, header.machine == Self.machine else {
            throw Refusal(
                "is a program for another processor (ELF machine \(header.machine)); the agent is \(Self.machineName)",
                place: path)
        }
        guard let interpreter = header.interpreter else {
            throw Refusal(
                "is a static program: it has no dynamic linker that could load the agent", place: path)
        }
        let linker = interpreter.split(separator: "/").last ?? ""
        guard !linker.hasPrefix("ld-musl") else {
            throw Refusal("is a musl program (\(interpreter)); the agent needs glibc", place: path)
        }
    }

    /// Up to `count` bytes of a file at an offset.
    private func read(_ file: Descriptor, _ offset: UInt64, _ count: Int) -> [UInt8] {
        guard let position = off_t(exactly: offset) else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(file.number, &bytes, count, position)
        return Array(bytes.prefix(max(0, got)))
    }
}
