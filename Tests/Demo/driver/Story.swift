// Story.swift: the demonstration, step by step.
//
// Owns the order of events, the payload that is edited, and the list of what was expected and held. Neighbours:
// Programs.swift, Traffic.swift, Status.swift, Bytes.swift.

import Foundation

/// One target of a payload.
struct Wish {
    /// The element of the payload's list.
    let json: String

    /// A target, and its mode where it is not the default (to report once, and be gone).
    init(_ target: String, _ mode: String? = nil) {
        json = mode.map { "{\"target\": \"\(target)\", \"mode\": \"\($0)\"}" } ?? "\"\(target)\""
    }
}

/// The demonstration.
final class Story {
    /// The tool.
    private let graft: Graft
    /// The folder of everything that is made.
    private let folder: String
    /// What was expected, and whether it held.
    private var findings: [(text: String, held: Bool)] = []
    /// Throughputs, with what was instrumented meanwhile.
    private var throughputs: [(text: String, value: Double)] = []
    /// Steps told so far.
    private var steps = 0

    /// The targets that are named more than once.
    private let lookup = "redis-server:lookupKeyReadOrReply"
    private let serve = "Shop:Shop.serve(customer:)"
    private let price = "Shop:Order.price(quantity:)"
    private let call = "redis-server:call"
    private let set = "redis-server:setGenericCommand"
    private let get = "redis-server:getGenericCommand"
    private let coupon = "Coupon:Coupon.reduce(_:)"

    /// A demonstration that uses this tool and writes into this folder.
    init(graft: String, folder: String) {
        self.graft = Graft(path: graft)
        self.folder = folder
        _ = FileManager.default.changeCurrentDirectoryPath(folder)
    }

    /// Tells it; true when everything was as expected.
    func tell() throws -> Bool {
        step("Two programs start under `graft run --sca`. Their payloads name nothing yet.")
        try write("redis", [])
        try write("shop", [])
        let shop = try instrumented("shop", ["\(folder)/shop"])
        defer { shop.end(signal: SIGKILL) }
        let redis = try instrumented("redis", redisCommand)
        defer { redis.end(signal: SIGKILL) }
        say("shop          process \(shop.pid): a Swift program of ours, taking orders")
        say("redis-server  process \(redis.pid): Debian's own, unmodified, stripped of its symbol table")
        for program in [shop, redis] { try graft.wait(for: "the agent", in: program) { _ in true } }
        let traffic = try Traffic(socket: socket, log: "\(folder)/traffic.log")
        defer { traffic.end() }
        try measure("before: nothing is instrumented", traffic)

        try install(shop, redis)
        try measure("during: each command passes two counting probes", traffic)
        try edit(shop, redis)
        try clear(shop, redis)
        try measure("after: everything has been removed", traffic)
        traffic.end()
        try close(shop, redis)
        return conclude()
    }

    /// The first edit: functions of both programs, and one of a library that is not there yet.
    private func install(_ shop: Program, _ redis: Program) throws {
        step("The payloads name functions of both, one of them in a library that nobody has loaded.")
        try write("redis", [Wish(call, "count"), Wish(lookup, "count"), Wish(set)])
        try write("shop", [Wish(serve, "count"), Wish(price, "entry-exit"), Wish(coupon)])
        let served = try graft.wait(for: "hits in redis-server", in: redis) { [call, lookup, set] in
            $0.areHit([call, lookup, set])
        }
        let sold = try graft.wait(for: "hits in the shop", in: shop) { [serve, price] in $0.areHit([serve, price]) }
        try show(redis, named: "redis-server")
        try show(shop, named: "shop")
        expect("redis-server's functions are reported with their callers", served.haveCallers([call, lookup]))
        expect("the shop's functions are reported with their callers", sold.haveCallers([serve, price]))
        expect("the target of the library is pending", sold.target(coupon)?.state == "pending")
        let changed = try bytes(of: lookup, in: redis, status: served)
        say("", changed: changed)
        expect("an instrumented function begins with other bytes than its file", !changed.areOriginal)
    }

    /// The second edit: one target goes, one comes, and a third finds its library.
    private func edit(_ shop: Program, _ redis: Program) throws {
        step("redis-server's payload is edited: one function goes, one comes. The shop loads a coupon.")
        let before = try graft.status(of: redis.pid)
        try write("redis", [Wish(call, "count"), Wish(set), Wish(get)])
        shop.tell("coupon \(folder)/libCoupon.so")
        let after = try graft.wait(for: "getGenericCommand", in: redis) { [get] in $0.areHit([get]) }
        let sold = try graft.wait(for: "the coupon", in: shop) { [coupon] in $0.areHit([coupon]) }
        try show(redis, named: "redis-server")
        try show(shop, named: "shop")
        expect("the pending target found its library", sold.haveCallers([coupon]))
        expect("the removed target says so", [nil, "removed"].contains(after.target(lookup)?.state))
        let restored = try bytes(of: lookup, in: redis, status: before)
        say("", changed: restored)
        expect("the removed function's bytes equal the original", restored.areOriginal)
    }

    /// The third edit: everything goes.
    private func clear(_ shop: Program, _ redis: Program) throws {
        step("The payloads name nothing any more.")
        let before = try [redis, shop].map { ($0, try graft.status(of: $0.pid)) }
        try write("redis", [])
        try write("shop", [])
        var functions = 0
        var different = 0
        for (program, status) in before {
            try graft.wait(for: "the removal", in: program) { $0.targets.allSatisfy { $0.state == "removed" } }
            for point in status.targets.flatMap(\.entry_points) {
                let now = try FunctionBytes(pid: program.pid, image: point.image, address: point.offset)
                functions += 1
                if !now.areOriginal { different += 1 }
            }
        }
        say("\(functions) functions were named; the bytes of \(functions - different) equal their files'")
        expect("all bytes are the original ones", functions >= 6 && different == 0)
    }

    /// The end of the programs, and what they report.
    private func close(_ shop: Program, _ redis: Program) throws {
        step("The programs end, as they would without Graft, and each leaves a report.")
        redis.end(signal: SIGTERM)
        shop.end()
        for (name, program) in [("redis", redis), ("shop", shop)] {
            expect("\(name) ends with its own exit code", program.exitCode == 0)
            let text = try String(contentsOfFile: report(name), encoding: .utf8)
            let hits = try Status(json: text).targets.reduce(0) { $0 + $1.hits }
            say("\(report(name)): \(hits) hits")
            expect("\(name)'s report has hits", hits > 0)
        }
    }

    /// Prints the throughputs and what was expected; true when all of it held.
    private func conclude() -> Bool {
        step("Requests a second, by redis-server's own count, on this machine now:")
        for row in throughputs { say("\(Self.padded(Int(row.value)))  \(row.text)") }
        step("What was expected:")
        for finding in findings { say("\(finding.held ? "ok" : "NOT") \(finding.text)") }
        let held = findings.count { $0.held }
        print("\n\(held) of \(findings.count) expectations held")
        return held == findings.count
    }
}

extension Story {
    /// Debian's server, on a Unix socket alone, keeping nothing.
    private var redisCommand: [String] {
        [
            "redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--daemonize",
            "no",
        ]
    }

    /// Relative: every program runs in `folder`, and a socket's path has room for a hundred bytes only.
    private var socket: String { "redis.sock" }
    private func payload(_ name: String) -> String { "\(folder)/\(name)-payload.json" }
    private func report(_ name: String) -> String { "\(folder)/\(name)-report.json" }

    /// Starts a program under the tool.
    private func instrumented(_ name: String, _ command: [String]) throws -> Program {
        let options = ["run", "--sca", "--config", payload(name), "--report", report(name), "--"]
        return try Program(graft.path, options + command, log: "\(folder)/\(name).log")
    }

    /// Replaces a payload as an editor or a deployment would: a new file is moved over the old one.
    private func write(_ name: String, _ wishes: [Wish]) throws {
        let list = wishes.map { "    \($0.json)" }.joined(separator: ",\n")
        let text = "{\"sca_instrumentation\": {\"targets\": [\n\(list)\n]}}\n"
        try text.write(toFile: payload(name), atomically: true, encoding: .utf8)
        guard !wishes.isEmpty else { return }
        say("")
        say("$ cat \(name)-payload.json")
        for line in text.split(separator: "\n") { say(String(line)) }
    }

    /// The bytes of a target's first function.
    private func bytes(of target: String, in program: Program, status: Status) throws -> FunctionBytes {
        guard let point = status.target(target)?.entry_points.first else {
            throw DemoError(description: "\(target) has no function")
        }
        return try FunctionBytes(pid: program.pid, image: point.image, address: point.offset)
    }

    /// Shows the first bytes of redis-server's look-up as they are and as they were built.
    private func say(_ text: String, changed: FunctionBytes) {
        say(text)
        say("lookupKeyReadOrReply in the process  \(FunctionBytes.text(changed.inProcess))")
        say("                     in the file     \(FunctionBytes.text(changed.inFile))")
    }

    private func measure(_ text: String, _ traffic: Traffic) throws {
        throughputs.append((text, try traffic.throughput(seconds: 3)))
        say("\(Self.padded(Int(throughputs[throughputs.count - 1].value))) requests a second, \(text)")
    }

    private func expect(_ text: String, _ held: Bool) { findings.append((text, held)) }

    private func step(_ text: String) {
        steps += 1
        print("\n\(steps)  \(text)")
    }

    private func say(_ text: String) { print(text.isEmpty ? "" : "   \(text)") }

    /// What `graft status` says of a program.
    private func show(_ program: Program, named name: String) throws {
        say("")
        say("$ graft status \(program.pid)    # \(name)")
        for line in try graft.table(of: program.pid).split(separator: "\n") { say(String(line)) }
    }

    private static func padded(_ number: Int) -> String {
        let text = String(number)
        return String(repeating: " ", count: max(0, 8 - text.count)) + text
    }
}
