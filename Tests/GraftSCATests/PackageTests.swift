// PackageTests: which package a file belongs to, by the databases of made-up machines and of this one.

import Foundation
import GraftSCA
import Testing

/// A directory that stands for a machine's root, and goes with the test.
final class FakeRoot {
    /// The directory.
    let path: String

    /// An empty machine.
    init() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("graft-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        path = directory.resolvingSymlinksInPath().path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file.
    func write(_ file: String, _ text: String = "") throws {
        let url = URL(fileURLWithPath: path + file)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: false, encoding: .utf8)
    }

    /// Makes a link.
    func link(_ file: String, to target: String) throws {
        let url = URL(fileURLWithPath: path + file)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: target)
    }

    /// Writes a Debian machine with three packages, two of them of one name.
    func writeDebian() throws {
        try write("/var/lib/dpkg/info/libpq5:amd64.list", "/.\n/usr\n/usr/lib/libpq.so.5.15\n/usr/lib/libpq.so.5\n")
        try write("/var/lib/dpkg/info/libc6:amd64.list", "/.\n/lib/x86_64-linux-gnu/libc.so.6\n/lib/last.so")
        try write("/var/lib/dpkg/info/libc6:i386.list", "/lib/i386-linux-gnu/libc.so.6\n")
        try write("/var/lib/dpkg/info/redis-server.list", "/usr/bin/redis-server\n")
        try write("/var/lib/dpkg/info/redis-server.md5sums", "/usr/bin/not-a-list\n")
        try write(
            "/var/lib/dpkg/status",
            """
            Package: libc6
            Architecture: i386
            Version: 2.35-1

            Package: libc6
            Status: install ok installed
            Architecture: amd64
            Source: glibc
            Version: 2.36-9+deb12u4

            Package: libpq5
            Architecture: amd64
            Source: postgresql-15 (15.6-0)
            Version: 15.6-0+deb12u1
            Description: a line that mentions
             Version: 99

            Package: redis-server
            Architecture: all
            Version: 5:7.0.15-1~deb12u1
            """)
    }

    /// Writes a distroless machine: two packages with lists, one without, and lists that make no sense.
    func writeDistroless() throws {
        let directory = "/var/lib/dpkg/status.d"
        let sum = "d41d8cd98f00b204e9800998ecf8427e"
        try write(
            "\(directory)/libssl3",
            "Package: libssl3\nSource: openssl\nVersion: 3.0.11-1~deb12u2\nArchitecture: amd64\nDescription: TLS\n .\n")
        try write(
            "\(directory)/libssl3.md5sums",
            "\(sum)  usr/lib/x86_64-linux-gnu/libcrypto.so.3\n\(sum)  usr/lib/x86_64-linux-gnu/libssl.so.3\n")
        try write("\(directory)/libc6", "\nPackage: libc6\nVersion: 2.36-9+deb12u4\nSource: glibc")
        try write(
            "\(directory)/libc6.md5sums",
            "\(sum)  lib/x86_64-linux-gnu/libc.so.6\n\(sum)  ./opt/dot.so\n\(sum) */opt/star.so\n\(sum)  \nopt/short.so"
        )
        try write("\(directory)/old", "Package: old\nVersion: 1\n")
        try write("\(directory)/lonely.md5sums", "\(sum)  opt/lonely.so\n")
        try write("\(directory)/nameless", "Version: 1\n")
        try write("\(directory)/nameless.md5sums", "\(sum)  opt/nameless.so\n")
    }
}

@Suite("The package of an image")
struct PackageTests {
    @Test("is found by dpkg's lists, with its source")
    func dpkg() throws {
        let root = try FakeRoot()
        try root.writeDebian()
        var packages = ImagePackages(root: root.path)
        #expect(
            packages.package(of: "/usr/lib/libpq.so.5.15")
                == Package(name: "libpq5", version: "15.6-0+deb12u1", source: "postgresql-15", sourceVersion: "15.6-0"))
        #expect(
            packages.package(of: "/usr/bin/redis-server")
                == Package(name: "redis-server", version: "5:7.0.15-1~deb12u1"))
    }

    @Test("is the one of the right architecture, and of a list without a last line end")
    func architecture() throws {
        let root = try FakeRoot()
        try root.writeDebian()
        var packages = ImagePackages(root: root.path)
        #expect(packages.package(of: "/lib/i386-linux-gnu/libc.so.6")?.version == "2.35-1")
        #expect(packages.package(of: "/lib/x86_64-linux-gnu/libc.so.6")?.version == "2.36-9+deb12u4")
        #expect(packages.package(of: "/lib/x86_64-linux-gnu/libc.so.6")?.source == "glibc")
        #expect(packages.package(of: "/lib/last.so")?.name == "libc6")
    }

    @Test("is found where directories have moved below /usr", arguments: [true, false])
    func usrMerge(_ hasLink: Bool) throws {
        let root = try FakeRoot()
        try root.writeDebian()
        try root.write("/usr/lib/x86_64-linux-gnu/libc.so.6")
        if hasLink { try root.link("/lib", to: "usr/lib") }
        var packages = ImagePackages(root: root.path)
        #expect(packages.package(of: "/usr/lib/x86_64-linux-gnu/libc.so.6")?.name == "libc6")
        #expect(packages.package(of: "/lib/x86_64-linux-gnu/libc.so.6")?.name == "libc6")
    }

    @Test("is found through links")
    func links() throws {
        let root = try FakeRoot()
        try root.writeDebian()
        try root.write("/usr/lib/libpq.so.5.15")
        try root.link("/opt/db/libpq.so", to: "../../usr/lib/libpq.so.5.15")
        var packages = ImagePackages(root: root.path)
        #expect(packages.package(of: "/opt/db/libpq.so")?.name == "libpq5")
    }

    @Test("is unknown for a file that no list has whole, and without any database")
    func unknown() throws {
        let root = try FakeRoot()
        var none = ImagePackages(root: root.path)
        #expect(none.package(of: "/usr/lib/libpq.so.5.15") == nil)
        try root.writeDebian()
        var packages = ImagePackages(root: root.path)
        for path in ["/usr/lib/libpq.so", "/lib/libpq.so.5.150", "libpq.so.5", "/usr/bin/not-a-list", "", "/"] {
            #expect(packages.package(of: path) == nil, "\(path)")
        }
    }

    @Test("is found in a distroless image, by the checksums beside each package's stanza")
    func distroless() throws {
        let root = try FakeRoot()
        try root.writeDistroless()
        var packages = ImagePackages(root: root.path)
        #expect(
            packages.package(of: "/usr/lib/x86_64-linux-gnu/libssl.so.3")
                == Package(name: "libssl3", version: "3.0.11-1~deb12u2", source: "openssl"))
        #expect(packages.package(of: "/lib/x86_64-linux-gnu/libc.so.6")?.version == "2.36-9+deb12u4")
        #expect(packages.package(of: "/usr/lib/x86_64-linux-gnu/libc.so.6")?.source == "glibc")
        #expect(packages.package(of: "/opt/dot.so")?.name == "libc6")
        #expect(packages.package(of: "/opt/star.so")?.name == "libc6")
        for path in ["/usr/lib/libssl.so", "/opt/lonely.so", "/opt/short.so", "/opt/nameless.so", "/opt/old.so"] {
            #expect(packages.package(of: path) == nil, "\(path)")
        }
    }

    @Test("is found where dpkg and a distroless base have each brought some")
    func mixed() throws {
        let root = try FakeRoot()
        try root.writeDebian()
        try root.writeDistroless()
        var packages = ImagePackages(root: root.path)
        packages.learn(["/usr/lib/libpq.so.5.15", "/usr/lib/x86_64-linux-gnu/libssl.so.3"])
        #expect(packages.remembered("/usr/lib/libpq.so.5.15")?.name == "libpq5")
        #expect(packages.remembered("/usr/lib/x86_64-linux-gnu/libssl.so.3")?.name == "libssl3")
    }

    @Test("is found by apk's record, with its origin")
    func apk() throws {
        let root = try FakeRoot()
        try root.write(
            "/lib/apk/db/installed",
            """
            C:Q1abc=
            P:musl
            V:1.2.4-r2
            A:x86_64
            o:musl
            F:lib
            R:ld-musl-x86_64.so.1
            a:0:0:755
            R:libc.musl-x86_64.so.1

            P:libssl3
            V:3.1.4-r5
            o:openssl
            F:lib
            R:libssl.so.3
            F:usr
            F:usr/lib
            R:libssl.so.3
            """)
        var packages = ImagePackages(root: root.path)
        #expect(packages.package(of: "/lib/ld-musl-x86_64.so.1")?.name == "musl")
        #expect(
            packages.package(of: "/usr/lib/libssl.so.3")
                == Package(name: "libssl3", version: "3.1.4-r5", source: "openssl"))
        #expect(packages.package(of: "/lib/libssl.so.4") == nil)
        #expect(packages.package(of: "/etc/libssl.so.3") == nil)
    }

    @Test("is asked for once, also when it is unknown")
    func once() throws {
        let database = CountingDatabase()
        var packages = ImagePackages(root: "/", databases: [database])
        #expect(packages.remembered("/nowhere/1") == nil)
        for _ in 0..<3 {
            #expect(packages.package(of: "/nowhere/1")?.name == "/nowhere/1")
            #expect(packages.package(of: "/nowhere/unknown") == nil)
        }
        #expect(database.asked == 2)
        #expect(packages.remembered("/nowhere/1")?.name == "/nowhere/1")
    }

    @Test("is asked for together with others in one reading, of the next database only where the first knows nothing")
    func together() throws {
        let (first, second) = (CountingDatabase(), CountingDatabase())
        var packages = ImagePackages(root: "/", databases: [first, second])
        packages.learn((0..<10).map { "/nowhere/\($0)" })
        #expect(first.asked == 1 && second.asked == 0)
        #expect((0..<10).allSatisfy { packages.remembered("/nowhere/\($0)") != nil })
        packages.learn(["/nowhere/3", "/nowhere/unknown"])
        #expect(first.asked == 2 && second.asked == 1)
    }

    @Test("is remembered for a limited number of images")
    func limit() throws {
        let database = CountingDatabase()
        var packages = ImagePackages(root: "/", databases: [database])
        packages.learn((0..<ImagePackages.maximumImages).map { "/nowhere/\($0)" })
        _ = packages.package(of: "/nowhere/0")
        #expect(database.asked == 1)
        _ = packages.package(of: "/nowhere/one-more")
        #expect(packages.remembered("/nowhere/0") == nil)
        #expect(packages.package(of: "/nowhere/0") != nil)
        #expect(database.asked == 3)
    }

    @Test(
        "is what dpkg says of this machine's C library",
        .enabled(if: FileManager.default.fileExists(atPath: "/var/lib/dpkg/status")))
    func thisMachine() throws {
        let images = LoadedImages.current()
        let library = try #require(images.matching(target: "libc.so.6:getpid").first)
        var packages = ImagePackages()
        let found = packages.package(of: library)
        let package = try #require(found)
        #expect(package.name == "libc6")
        #expect(DebianVersion(package.version) != nil)
    }
}

/// A database that counts how often it is asked; it knows the files `/nowhere/0` to `/nowhere/9`.
private final class CountingDatabase: PackageDatabase, @unchecked Sendable {
    // Used by one thread, the test's.
    var asked = 0
    /// The files that it knows.
    private let known = (0..<10).map { Array("/nowhere/\($0)".utf8) }

    func packages(owning files: SoughtFiles) -> [String: Package] {
        asked += 1
        let names = known.filter { files.match($0[...]) != nil }.map { String(decoding: $0, as: UTF8.self) }
        return Dictionary(uniqueKeysWithValues: names.map { ($0, Package(name: $0, version: "1")) })
    }
}

@Suite("The images of a process")
struct LoadedImagesTests {
    /// Images of a made-up process.
    private let images = LoadedImages(
        paths: ["/opt/app/shop", "/usr/lib/libpq.so.5.15", "/usr/lib/libpq.so.55", "/usr/lib/libssl.so.3"],
        executable: "/opt/app/shop")

    @Test("are those with code in the maps, whatever their names")
    func maps() {
        let text = """
            55d0-55d1 r--p 00000000 08:01 12 /opt/app/shop
            55d1-55d2 r-xp 00001000 08:01 12 /opt/app/shop
            7f00-7f01 r-xp 00000000 08:01 13   /opt/my app/lib one.so
            7f01-7f02 rw-p 00000000 08:01 14   /usr/lib/data.so
            7f02-7f03 r-xp 00000000 00:00 0
            7f03-7f04 r-xp 00000000 00:00 0    [vdso]
            7f04-7f05 r-xp 00000000 08:01 15   /usr/lib/libold.so.1.2 (deleted)
            broken
            """
        let images = LoadedImages(maps: Array(text.utf8), executable: "")
        #expect(images.paths == ["/opt/app/shop", "/opt/my app/lib one.so", "/usr/lib/libold.so.1.2"])
        #expect(images.replaced == ["/usr/lib/libold.so.1.2"])
    }

    @Test("know which of them an upgrade has replaced, by their names")
    func replaced() {
        let images = LoadedImages(paths: ["/usr/lib/libpq.so.5.15"], replaced: ["/usr/lib/libpq.so.5.15"])
        for path in ["/usr/lib/libpq.so.5.15", "/lib/libpq.so.5.15", "/usr/lib/libpq.so.5"] {
            #expect(images.isReplaced(path), "\(path)")
        }
        for path in ["/usr/lib/libpq.so.55", "/usr/lib/libssl.so.3", "/usr/lib/libp"] {
            #expect(!images.isReplaced(path), "\(path)")
        }
        #expect(!LoadedImages(paths: ["/usr/lib/libpq.so.5.15"]).isReplaced("/usr/lib/libpq.so.5.15"))
    }

    @Test("are found by the image part of a target")
    func matching() {
        #expect(images.matching(target: "libpq.so.5:PQexec") == ["/usr/lib/libpq.so.5.15"])
        #expect(images.matching(target: "libssl.so:SSL_write") == ["/usr/lib/libssl.so.3"])
        #expect(images.matching(target: "/usr/lib/libssl.so.3:SSL_write") == ["/usr/lib/libssl.so.3"])
        #expect(images.matching(target: ":main") == ["/opt/app/shop"])
        for text in ["*:f", "build-id:12+0x0", "Shop:Order.price", "libzmq.so:f", "none"] {
            #expect(images.matching(target: text) == [], "\(text)")
        }
    }

    @Test("include this process and its C library")
    func current() {
        let images = LoadedImages.current()
        #expect(!images.executable.isEmpty)
        #expect(!images.matching(target: "libc.so.6:getpid").isEmpty)
    }
}
