// Recorder: products that write down what is done to them.

import GraftProducts
import Synchronization

/// What was called, in order: "start a", "stop b join".
final class Calls: Sendable {
    private let list = Mutex<[String]>([])

    /// The calls so far.
    var all: [String] { list.withLock { $0 } }
    /// The calls so far, which are forgotten.
    func take() -> [String] {
        list.withLock { list in
            defer { list = [] }; return list
        }
    }
    /// Writes one down.
    func add(_ call: String) { list.withLock { $0.append(call) } }
    /// The names whose method was called, in order.
    func names(_ method: String) -> [String] {
        all.compactMap { $0.hasPrefix(method + " ") ? String($0.dropFirst(method.count + 1)) : nil }
    }
}

/// Something that a product throws.
struct Broken: Error, CustomStringConvertible {
    /// What is broken.
    var description: String
}

/// A product that writes down what is done to it, and breaks where it is told to.
struct Recorder: Product {
    let name: String
    var requires: [String] = []
    var config: [ConfigurationEntry] = []
    var apmCapabilities: APMCapabilities = []
    /// The methods that throw.
    var breaks: Set<String> = []
    /// Where calls are written down.
    let calls: Calls
    /// What `start` and `apmTracingRC` do besides.
    var action: @Sendable (String) -> Void = { _ in }

    private func call(_ method: String, join: Bool = false) throws {
        calls.add("\(method) \(name)\(join ? " join" : "")")
        action(method)
        if breaks.contains(method) { throw Broken(description: "\(method) of \(name) is broken") }
    }

    func start() throws { try call("start") }
    func restart(join: Bool) throws { try call("restart", join: join) }
    func stop(join: Bool) throws { try call("stop", join: join) }
    func atExit(join: Bool) throws { try call("atExit", join: join) }
    func postPreload() throws { try call("postPreload") }
    func apmTracingRC(_ remote: LibraryConfig, _ settings: LibraryConfig) throws { try call("rc") }
}

extension ProductManager {
    /// A product's state.
    func state(_ name: String) -> ProductStatus.State? { status.first { $0.name == name }?.state }
}
