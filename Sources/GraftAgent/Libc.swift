// Libc.swift: glibc functions that the Glibc module does not show.
//
// Owns their signatures. The module is built without _GNU_SOURCE and without some headers (sys/prctl.h, sys/xattr.h), so
// these are looked up by name, once; each has an answer for the library that does not have it. Nothing else here calls
// dlsym.

internal import Glibc

/// Functions of glibc beyond the Glibc module.
package enum Libc {
    private typealias Accept4 =
        @convention(c) (Int32, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int32) -> Int32
    private typealias GetXattr =
        @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
    private typealias Prctl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32

    private static let accept4Function = find("accept4", as: Accept4.self)
    private static let getxattrFunction = find("getxattr", as: GetXattr.self)
    private static let prctlFunction = find("prctl", as: Prctl.self)

    /// Accepts a connection that neither blocks nor survives an exec; -1 with `errno` on failure.
    package static func accept(_ listener: Int32) -> Int32 {
        let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard let accept4Function else {
            errno = ENOSYS
            return -1
        }
        return accept4Function(listener, nil, nil, flags)
    }

    /// Whether a file has an extended attribute of this name.
    package static func hasAttribute(_ name: String, path: String) -> Bool {
        guard let getxattrFunction else { return false }
        return getxattrFunction(path, name, nil, 0) >= 0
    }

    /// Keeps this process from writing a core dump when it dies.
    package static func disableCoreDump() {
        let setDumpable: Int32 = 4  // PR_SET_DUMPABLE
        _ = prctlFunction?(setDumpable, 0, 0, 0, 0)
    }

    /// Loads what the core borrows when something is to be installed (CSources/borrow.h). A configuration from an agent
    /// may come when the program has changed its root or may open no file any more; one from a file then does not.
    static func keepBorrowedLibraries() {
        for library in ["libdw.so.1", "libunwind-x86_64.so.8"] { _ = dlopen(library, RTLD_NOW | RTLD_LOCAL) }
    }

    /// Looks a function up among the global symbols.
    private static func find<Function>(_ name: String, as type: Function.Type) -> Function? {
        guard let address = dlsym(nil, name) else { return nil }
        return unsafeBitCast(address, to: type)
    }
}
