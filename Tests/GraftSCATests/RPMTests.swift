// RPMTests: rpm's database, written by the real SQLite (through Python) and read by ours; whole and damaged.

import Foundation
import GraftSCA
import GraftTestKit
import Testing

/// Writes rpm databases with Python's SQLite.
enum RPMFixture {
    /// Whether this machine can.
    static let isPossible = (try? run("import sqlite3")) == 0

    /// Runs a Python program with these arguments.
    @discardableResult
    static func run(_ program: String, _ arguments: [String] = []) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program] + arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Writes a database with 300 packages of 20 files each, one of them of 2,000 files, in pages of this size.
    static func write(_ path: String, pageSize: Int) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try #require(try run(program, [path, String(pageSize)]) == 0)
    }

    /// What writes the database: the schema of rpm 4.16 and later, and headers as rpm lays them out.
    private static let program = """
        import sqlite3, struct, sys
        path, page = sys.argv[1], int(sys.argv[2])
        def header(name, version, release, epoch, source, files):
            dirs = sorted({f.rsplit('/', 1)[0] + '/' for f in files})
            tags = [(1000, 6, [name]), (1001, 6, [version]), (1002, 6, [release])]
            if epoch is not None: tags.append((1003, 4, [epoch]))
            if source: tags.append((1044, 6, [source]))
            tags += [(1116, 4, [dirs.index(f.rsplit('/', 1)[0] + '/') for f in files]),
                     (1117, 8, [f.rsplit('/', 1)[1] for f in files]), (1118, 8, dirs), (9999, 3, [1, 2])]
            table, data = b'', b''
            for tag, kind, values in tags:
                if kind == 4:
                    data += bytes(-len(data) % 4)
                    raw = b''.join(struct.pack('>I', v) for v in values)
                elif kind == 3: raw = b''.join(struct.pack('>H', v) for v in values)
                else: raw = b''.join(v.encode() + bytes(1) for v in values)
                table += struct.pack('>IIII', tag, kind, len(data), len(values))
                data += raw
            return struct.pack('>II', len(tags), len(data)) + table + data
        db = sqlite3.connect(path)
        db.execute(f'pragma page_size={page}')
        db.execute('pragma journal_mode=WAL')
        db.execute("create table 'Packages' (hnum integer primary key autoincrement, blob blob not null)")
        db.execute("create table 'Basenames' (key 'TEXT' not null, hnum integer not null, idx integer not null)")
        db.execute("create index 'Basenames_key_idx' on 'Basenames'(key asc)")
        for n in range(300):
            files = [f'/usr/share/p{n}/file{i}' for i in range(2000 if n == 77 else 20)]
            files += [f'/usr/lib64/lib{n}.so.1', f'/usr/share/p{n}/same.so']
            epoch = 5 if n % 3 == 0 else None
            source = f'src-of-{n}-1.{n}-2.el9.src.rpm' if n % 2 == 0 else None
            blob = header(f'lib{n}', f'1.{n}', '2.el9', epoch, source, files)
            hnum = db.execute('insert into Packages (blob) values (?)', (blob,)).lastrowid
            db.executemany('insert into Basenames values (?, ?, ?)',
                           [(f.rsplit('/', 1)[1], hnum, i) for i, f in enumerate(files)])
        db.execute('delete from Packages where hnum = 6')
        db.execute('delete from Basenames where hnum = 6')
        db.commit()
        db.close()
        """
}

@Suite("The package of an image, by rpm", .enabled(if: RPMFixture.isPossible))
struct RPMTests {
    /// The path of a database below a root.
    private static let database = "/var/lib/rpm/rpmdb.sqlite"

    @Test(
        "is found by the index of names, with epoch, release and source, in pages of any size",
        arguments: [512, 4_096, 65_536])
    func found(_ pageSize: Int) throws {
        let root = try FakeRoot()
        try RPMFixture.write(root.path + Self.database, pageSize: pageSize)
        var packages = ImagePackages(root: root.path)
        let numbers = [0, 1, 2, 3, 4, 6, 50, 77, 128, 254, 255, 256, 298, 299]
        packages.learn((numbers + [5, 300]).map { "/usr/lib64/lib\($0).so.1" })
        for number in numbers {
            let epoch = number % 3 == 0 ? "5:" : ""
            let version = "\(epoch)1.\(number)-2.el9"
            let expected = Package(
                name: "lib\(number)", version: version, source: number % 2 == 0 ? "src-of-\(number)" : nil)
            try #require(packages.remembered("/usr/lib64/lib\(number).so.1") == expected)
        }
        #expect(packages.remembered("/usr/lib64/lib5.so.1") == nil)
        #expect(packages.remembered("/usr/lib64/lib300.so.1") == nil)
        #expect(packages.package(of: "/usr/share/p77/file1999")?.name == "lib77")
    }

    @Test("is told apart from others that have a file of the same name")
    func sameName() throws {
        let root = try FakeRoot()
        try RPMFixture.write(root.path + "/usr/lib/sysimage/rpm/rpmdb.sqlite", pageSize: 1_024)
        var packages = ImagePackages(root: root.path)
        for number in [0, 77, 299] {
            #expect(packages.package(of: "/usr/share/p\(number)/same.so")?.name == "lib\(number)")
        }
        for path in ["/usr/share/p300/same.so", "/usr/share/same.so", "/same.so", "same.so", "/usr/share/p0/"] {
            #expect(packages.package(of: path) == nil, "\(path)")
        }
    }

    @Test("is unknown while a transaction waits in the write-ahead log")
    func log() throws {
        let root = try FakeRoot()
        try RPMFixture.write(root.path + Self.database, pageSize: 4_096)
        try root.write(Self.database + "-wal", "")
        var before = ImagePackages(root: root.path)
        #expect(before.package(of: "/usr/lib64/lib1.so.1")?.name == "lib1")
        try root.write(Self.database + "-wal", "something")
        var during = ImagePackages(root: root.path)
        #expect(during.package(of: "/usr/lib64/lib1.so.1") == nil)
    }

    @Test("is unknown, and nothing worse, where the database is damaged")
    func damage() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        let root = try FakeRoot()
        let path = root.path + Self.database
        try RPMFixture.write(path, pageSize: 512)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        for _ in 0..<300 {
            var old: [(UInt64, Data)] = []
            for _ in 0..<40 {
                // Mostly in the first pages, which every look-up passes.
                let range = Bool.random(using: &random) ? 8_192 : whole.count
                let offset = Int.random(in: 0..<range, using: &random)
                old.append((UInt64(offset), whole[offset..<offset + 1]))
                try handle.seek(toOffset: UInt64(offset))
                try handle.write(contentsOf: Data([UInt8.random(in: 0...255, using: &random)]))
            }
            var packages = ImagePackages(root: root.path)
            let package = packages.package(of: "/usr/lib64/lib123.so.1")
            #expect(package == nil || package?.name.isEmpty == false, "seed \(seed)")
            for (offset, byte) in old {
                try handle.seek(toOffset: offset)
                try handle.write(contentsOf: byte)
            }
        }
        try handle.truncate(atOffset: UInt64(whole.count / 2))
        var cut = ImagePackages(root: root.path)
        _ = cut.package(of: "/usr/lib64/lib299.so.1")
        try handle.truncate(atOffset: 99)
        var empty = ImagePackages(root: root.path)
        #expect(empty.package(of: "/usr/lib64/lib1.so.1") == nil)
    }
}
