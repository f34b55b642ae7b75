// ForkingNatives: a Swift program whose manager runs products written in C among its own, and which forks; the tests start
// it and read what it says.
//
// Neighbours: CProducts are the products in C; NativeProductsTests knows what is to be said.

import CProducts
import Glibc
import GraftProducts
import GraftServices

/// fork(2), which Swift keeps to itself.
@_silgen_name("fork") func systemFork() -> pid_t

/// A product in Swift that says what is done to it.
struct Speaker: Product {
    let name: String
    let requires: [String]

    func start() { cproducts_say("start \(name)") }
    func restart(join: Bool) { cproducts_say("restart \(name)") }
    func stop(join: Bool) { cproducts_say("stop \(name)") }
    func atExit(join: Bool) { cproducts_say("atExit \(name)") }
    func postPreload() {}
}

let manager = try ProductManager([
    Speaker(name: "swift-index", requires: ["c-store"]), Speaker(name: "swift-late", requires: ["c-broken"]),
])
for refusal in manager.registerNativeProducts() { cproducts_say("refused: \(refusal)") }
cproducts_register_twin()
for refusal in manager.registerNativeProducts() { cproducts_say("refused: \(refusal)") }
try manager.watchProcess()
manager.start()
manager.postPreload()
for status in manager.status { cproducts_say("\(status.name) \(status.state.slug) \(status.error ?? "-")") }
let child = systemFork()
if child == 0 {
    manager.stop(join: true)
    for status in manager.status where status.state == .stopped {
        cproducts_say("\(status.name) \(status.error ?? "-")")
    }
    _exit(0)
}
var status: Int32 = 0
while waitpid(child, &status, 0) < 0, errno == EINTR {}
cproducts_say("child ended \(status)")
manager.stop(join: true)
