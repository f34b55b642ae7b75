// AffectedTests: advisories that do not concern the installed package are not instrumented.

import Graft
import GraftConfig
import GraftSCA
import GraftTestKit
import Testing

@Suite("An advisory")
struct AffectedTests {
    /// The package of the tests.
    private let package = Package(
        name: "libpq5", version: "15.6-0+deb12u1", source: "postgresql-15", sourceVersion: "15.6-0")

    /// A range.
    private func range(_ text: String) throws -> VersionRange {
        VersionRange(alternatives: [try #require(VersionRange.alternative(text))])
    }

    @Test("concerns a package by its name or its source, in any case of letters, and by its version")
    func concerns() throws {
        #expect(Advisory(id: "A").concerns(package))
        for name in ["libpq5", "LibPQ5", "postgresql-15"] {
            #expect(Advisory(id: "A", dependency: name).concerns(package), "\(name)")
            #expect(Advisory(id: "A", dependency: name, versions: try range("<15.7")).concerns(package))
            #expect(!Advisory(id: "A", dependency: name, versions: try range("<15.6")).concerns(package))
        }
        #expect(!Advisory(id: "A", dependency: "openssl").concerns(package))
        #expect(Advisory(id: "A", versions: try range("15.6")).concerns(package))
        #expect(!Advisory(id: "A", versions: try range(">=16")).concerns(package))
    }

    @Test("is followed where anything is unknown")
    func unknown() throws {
        let advisory = Advisory(id: "A", dependency: "openssl")
        let wish = Wish(target: try Target("libpq.so.5:f"), mode: .once, advisory: advisory)
        #expect(wish.verdict(images: []) { _ in package } == .applies)
        #expect(wish.verdict(images: ["/a"]) { _ in nil } == .applies)
        #expect(wish.verdict(images: ["/a", "/b"]) { $0 == "/a" ? package : nil } == .applies)
        let reason = "A: /a belongs to libpq5 15.6-0+deb12u1, not to openssl"
        #expect(wish.verdict(images: ["/a"]) { _ in package } == .notAffected(reason))
    }
}

@Suite("The product, judging advisories")
struct JudgingTests {
    /// A Debian machine and a process on it.
    private final class Machine {
        /// Where its package database is.
        let root: FakeRoot
        /// What the process has loaded.
        let images: Box<LoadedImages>
        /// The product.
        let stage: Stage

        /// A process that has loaded these images.
        init(images paths: [String]) throws {
            root = try FakeRoot()
            try root.writeDebian()
            images = Box(LoadedImages(paths: paths, executable: "/usr/bin/redis-server"))
            stage = Stage(world: World(root: root.path, images: { [images] in images.value }))
        }

        /// Puts an advisory.
        func put(_ target: String, _ dependency: String, _ versions: String, at path: String = "/p") {
            stage.put(
                #"""
                [{"id": "GHSA-1", "targets": ["\#(target)"], "dependency_name": "\#(dependency)",
                  "package_versions": ["\#(versions)"]}]
                """#, at: path)
        }
    }

    @Test("does not instrument for a version that is not affected, and says so")
    func notAffected() throws {
        let machine = try Machine(images: ["/usr/lib/libpq.so.5.15"])
        machine.put("libpq.so.5:PQexec", "libpq5", "<15.3")
        #expect(machine.stage.starts.value == 0)
        let target = try #require(machine.stage.target("libpq.so.5:PQexec"))
        #expect(target.state == .notAffected)
        #expect(target.advisories == ["GHSA-1"])
        let reason = "GHSA-1: /usr/lib/libpq.so.5.15 belongs to libpq5 15.6-0+deb12u1, which is not <15.3"
        #expect(target.reason == reason)
        machine.put("libpq.so.5:PQexec", "libpq5", "<15.7")
        #expect(machine.stage.core.targets == ["libpq.so.5:PQexec"])
        machine.put("libpq.so.5:PQexec", "openssl", "<99")
        #expect(machine.stage.core.targets == [])
        #expect(machine.stage.target("libpq.so.5:PQexec")?.state == .notAffected)
    }

    @Test("instruments for an image whose package is unknown, or that is not loaded yet")
    func unknown() throws {
        let machine = try Machine(images: ["/opt/libown.so"])
        machine.put("libown.so:f", "own", "<1", at: "/one")
        machine.put("libpq.so.5:PQexec", "libpq5", "<15.3", at: "/two")
        #expect(machine.stage.core.targets == ["libown.so:f", "libpq.so.5:PQexec"])
    }

    @Test("instruments for an image whose file was upgraded after it had been loaded")
    func upgraded() throws {
        let machine = try Machine(images: [])
        let path = "/usr/lib/libpq.so.5.15"
        machine.images.set(LoadedImages(paths: [path], replaced: [path]))
        machine.put("libpq.so.5:PQexec", "libpq5", "<15.3")
        #expect(machine.stage.core.targets == ["libpq.so.5:PQexec"])
    }

    @Test("takes a target out again when the image that comes later is not affected")
    func late() throws {
        let machine = try Machine(images: [])
        machine.put("libpq.so.5:PQexec", "libpq5", "<15.3")
        machine.stage.product.poll()
        #expect(machine.stage.core.targets == ["libpq.so.5:PQexec"])
        machine.images.set(LoadedImages(paths: ["/usr/lib/libpq.so.5.15"]))
        machine.stage.core.load("libpq.so.5:PQexec", [Stage.entry("PQexec", image: "/usr/lib/libpq.so.5.15")])
        machine.stage.product.poll()
        #expect(machine.stage.core.targets == [])
        #expect(machine.stage.target("libpq.so.5:PQexec")?.state == .notAffected)
        let count = machine.stage.core.requests.count
        for _ in 0..<10 { machine.stage.product.poll() }
        #expect(machine.stage.core.requests.count == count)
    }

    @Test("judges a target of any image by the images that it matched, and again when others are loaded")
    func anyImage() throws {
        let machine = try Machine(images: ["/usr/lib/libpq.so.5.15"])
        machine.stage.core.load("*:PQexec", [Stage.entry("PQexec", image: "/usr/lib/libpq.so.5.15")])
        machine.put("*:PQexec", "libpq5", "<15.3")
        #expect(machine.stage.core.targets == ["*:PQexec"])
        for _ in 0..<5 { machine.stage.product.poll() }
        #expect(machine.stage.core.targets == [])
        #expect(machine.stage.target("*:PQexec")?.state == .notAffected)
        machine.stage.core.load("*:PQexec", [Stage.entry("PQexec", image: "/opt/libown.so")])
        machine.images.set(LoadedImages(paths: ["/opt/libown.so", "/usr/lib/libpq.so.5.15"]))
        for _ in 0..<5 { machine.stage.product.poll() }
        #expect(machine.stage.core.targets == ["*:PQexec"])
    }

    @Test("instruments once a plain target asks for the same function, and stops when only the advisory is left")
    func plainToo() throws {
        let machine = try Machine(images: ["/usr/lib/libpq.so.5.15"])
        machine.put("libpq.so.5:PQexec", "libpq5", "<15.3", at: "/advisory")
        machine.stage.put(targets: ["libpq.so.5:PQexec"], at: "/plain")
        #expect(machine.stage.target("libpq.so.5:PQexec")?.state == .pending)
        #expect(machine.stage.target("libpq.so.5:PQexec")?.advisories == [])
        machine.stage.remove("/plain")
        #expect(machine.stage.target("libpq.so.5:PQexec")?.state == .notAffected)
        machine.stage.remove("/advisory")
        #expect(machine.stage.core.targets == [])
    }

    @Test("does not look at images and packages for plain targets")
    func plain() {
        let looks = Counter()
        let world = World(
            root: "/nowhere",
            images: {
                looks.add()
                return LoadedImages()
            })
        let stage = Stage(world: world)
        stage.put(targets: ["a.so:f"])
        stage.product.poll()
        #expect(looks.value == 0)
    }
}
