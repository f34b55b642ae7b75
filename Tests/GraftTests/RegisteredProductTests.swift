// RegisteredProductTests: a product whose functions are C's, from registration to each of its calls.

import CGraft
import Glibc
import Graft
import Testing

/// What the product's functions were called with.
nonisolated(unsafe) private var calls: [String] = []

@Suite("A product written in C")
struct RegisteredProductTests {
    @Test("is given out once, with its name and requirements, and each call reaches its function")
    func life() throws {
        let requirements = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: 3)
        requirements[0] = UnsafePointer(strdup("telemetry"))
        requirements[1] = UnsafePointer(strdup("heap"))
        requirements[2] = nil
        // Never freed: what is taken stays for the life of the process.
        let raw = UnsafeMutablePointer<graft_product>.allocate(capacity: 1)
        raw.initialize(to: graft_product())
        raw.pointee.name = UnsafePointer(strdup("c-product"))
        raw.pointee.requirements = UnsafePointer(requirements)
        raw.pointee.start = { _ in
            calls.append("start"); return UnsafePointer(strdup("no luck"))
        }
        raw.pointee.restart = { _, join in
            calls.append("restart \(join)"); return nil
        }
        raw.pointee.stop = { _, join in
            calls.append("stop \(join)"); return nil
        }
        raw.pointee.at_exit = { _, join in
            calls.append("at_exit \(join)"); return nil
        }
        raw.pointee.before_fork = { _ in calls.append("before_fork") }
        try #require(graft_product_register(raw) == GRAFT_OK)

        let product = try #require(RegisteredProduct.takeAll().first { $0.name == "c-product" })
        #expect(RegisteredProduct.takeAll().isEmpty)
        #expect(!graft_product_unregister(raw))
        #expect(product.requires == ["telemetry", "heap"])
        #expect(product.start() == "no luck")
        #expect(product.restart(join: false) == nil && product.stop(join: true) == nil)
        #expect(product.atExit(join: false) == nil && product.postPreload() == nil)
        product.beforeFork()
        product.afterForkInParent()
        #expect(calls == ["start", "restart false", "stop true", "at_exit false", "before_fork"])
    }
}
