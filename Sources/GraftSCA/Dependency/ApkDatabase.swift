// ApkDatabase.swift: Alpine's record of installed files.
//
// Owns the reading of /lib/apk/db/installed: one text with a stanza for each package, in which `F:` names a directory and
// `R:` a file in it. Read once for each image that is asked for; nothing is kept.

/// The packages that apk has installed.
package struct ApkDatabase: PackageDatabase {
    /// Where the file may be; later releases moved it.
    private let files: [String]

    /// The database below this directory.
    package init(root: String) {
        files = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"].map { Files.join(root, $0) }
    }

    /// The package that has a file with one of these names.
    package func package(owning paths: [String]) -> Package? {
        for file in files {
            guard let bytes = Files.read(file, limit: PackageDatabases.maximumBytes) else { continue }
            return Self.package(owning: Set(paths.map { Array($0.utf8) }), in: bytes)
        }
        return nil
    }

    /// The package that has one of these files.
    private static func package(owning paths: Set<[UInt8]>, in bytes: [UInt8]) -> Package? {
        var fields: [UInt8: ArraySlice<UInt8>] = [:]
        var directory: [UInt8] = []
        var isOwner = false
        var lines = bytes[...].lines
        while true {
            let line = lines.next()
            guard let line, !line.isEmpty else {
                if isOwner { return package(fields) }
                guard line != nil else { return nil }
                (fields, directory) = ([:], [])
                continue
            }
            guard let key = line.first, line.dropFirst().first == UInt8(ascii: ":") else { continue }
            let value = line.dropFirst(2)
            switch key {
            case UInt8(ascii: "P"), UInt8(ascii: "V"), UInt8(ascii: "o"): fields[key] = value
            case UInt8(ascii: "F"): directory = [UInt8(ascii: "/")] + value + (value.isEmpty ? [] : [UInt8(ascii: "/")])
            case UInt8(ascii: "R"): isOwner = isOwner || paths.contains(directory + value)
            default: continue
            }
        }
    }

    /// The package of these fields: name, version and origin.
    private static func package(_ fields: [UInt8: ArraySlice<UInt8>]) -> Package? {
        let text = { (key: Character) in
            fields[key.asciiValue ?? 0].map { String(decoding: $0, as: UTF8.self) }
        }
        guard let name = text("P"), let version = text("V") else { return nil }
        return Package(name: name, version: version, source: text("o"))
    }
}
