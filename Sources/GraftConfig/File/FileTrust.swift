// FileTrust: whom a configuration may come from.
//
// Owns the rules, as pure functions of what the system tells. The library changes code that runs, so a configuration
// is believed only if nobody but root and the process's own user can have written it. Group rights are the
// administrator's choice and are not judged. Neighbours: PathWalk asks of directories and links, FileReader of files.

/// The rules of trust. Each gives the reason for a refusal, or nil.
enum FileTrust {
    /// Why a file must not be read.
    static func objection(toFile status: FileStatus, user: UInt32) -> String? {
        if status.isWorldWritable { return "everybody may write to the file; take that away with chmod o-w" }
        return objection(toOwner: status.owner, user: user, of: "file")
    }

    /// Why a symbolic link must not be followed. Its permissions mean nothing, but its owner decides where it leads.
    static func objection(toLink status: FileStatus, user: UInt32) -> String? {
        objection(toOwner: status.owner, user: user, of: "symbolic link")
    }

    /// Why a directory's entries must not be believed. `isReadOnly` tells whether its mount is: what everybody may
    /// write to nobody can, there. (Kubernetes mounts configuration so.)
    static func objection(toDirectory status: FileStatus, isReadOnly: () -> Bool) -> String? {
        guard status.isWorldWritable, !status.isSticky, !isReadOnly() else { return nil }
        return "everybody may replace what is in the directory; take that away with chmod o-w or chmod +t"
    }

    /// Why this owner is not trusted.
    private static func objection(toOwner owner: UInt32, user: UInt32, of what: String) -> String? {
        guard owner != 0, owner != user else { return nil }
        return
            "the \(what) belongs to user \(owner), and only root and user \(user), whose process this is, are trusted"
    }
}
