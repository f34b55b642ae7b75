// Async.swift: an optimised Swift program that knows nothing of Graft: tasks, groups, actors, streams, accessors, errors.

struct Failure: Error { let code: Int }

/// Accessors that yield: of a class, of a generic one, and through a protocol.
protocol Stocked: AnyObject { var stock: [Int] { get set } }

class Shelf: Stocked {
    private var kept = [1, 2, 3]
    private(set) var changes = 0
    var stock: [Int] {
        @inline(never) _read { yield kept }
        @inline(never) _modify {
            defer { changes += 1 }
            yield &kept
        }
    }
}

final class Cell<Value> {
    private var kept: Value
    init(_ value: Value) { kept = value }
    subscript(scale: Int) -> Value {
        @inline(never) _read { yield kept }
        @inline(never) _modify { yield &kept }
    }
}

@inline(never) func fill(_ stocked: any Stocked, _ count: Int) {
    for number in 0..<count { stocked.stock.append(number) }
}

@inline(never) func overfill(_ stock: inout [Int]) throws {
    stock.append(-1)
    throw Failure(code: stock.count)
}

protocol Priced { func price(_ quantity: Int) async throws -> Int }

final class Order: Priced {
    let id: Int
    init(id: Int) { self.id = id }
    @inline(never) func price(_ quantity: Int) async throws -> Int {
        await Task.yield()
        if quantity < 0 { throw Failure(code: quantity) }
        return id &* quantity
    }
    var total: Int {
        @inline(never) get async throws { try await price(2) &+ 1 }
    }
}

struct Free: Priced {
    @inline(never) func price(_ quantity: Int) async throws -> Int { 0 }
}

actor Shop {
    private var sold: [Int: Int] = [:]
    @inline(never) func sell(_ order: Order, _ quantity: Int) async -> Int {
        let price = (try? await order.price(quantity)) ?? -1
        sold[order.id, default: 0] += price
        return price
    }
    @inline(never) func sum() -> Int { sold.values.reduce(0, &+) }
}

@inline(never) func generic<P: Priced>(_ priced: P, times: Int) async -> Int {
    var sum = 0
    for quantity in 0..<times { sum &+= (try? await priced.price(quantity)) ?? -1 }
    return sum
}

@inline(never) func existential(_ priced: any Priced) async throws -> (Int, Double, String) {
    (try await priced.price(3), 1.5, "a string that is long enough for the heap")
}

@inline(never) func numbers(_ count: Int) -> AsyncStream<Int> {
    AsyncStream { continuation in
        for number in 0..<count { continuation.yield(number) }
        continuation.finish()
    }
}

@inline(never) func fibonacci(_ n: Int) async -> Int {
    if n < 2 { return n }
    async let left = fibonacci(n - 1)
    async let right = fibonacci(n - 2)
    return await left + right
}

@inline(never) func deep(_ n: Int) async throws -> Int {
    if n == 0 { throw Failure(code: 9) }
    return try await deep(n - 1) + 1
}

@main struct Main {
    static func main() async {
        let shop = Shop()
        let sum = await withTaskGroup(of: Int.self) { group in
            for id in 0..<2000 { group.addTask { await shop.sell(Order(id: id), id % 7 - 1) } }
            return await group.reduce(0, &+)
        }
        print("group", sum, await shop.sum())
        print("generic", await generic(Order(id: 3), times: 50), await generic(Free(), times: 5))
        if let three = try? await existential(Order(id: 5)) { print("existential", three) }
        do { print(try await Order(id: 1).price(-4)) } catch { print("threw", error) }
        print("getter", (try? await Order(id: 20).total) ?? 0)
        var streamed = 0
        for await number in numbers(500) { streamed += number }
        print("stream", streamed, "fibonacci", await fibonacci(15))
        do { print(try await deep(300)) } catch { print("deep threw", error) }
        let task = Task { try await Task.sleep(nanoseconds: 60_000_000_000) }
        task.cancel()
        print("cancelled", await task.result)
        let shelf = Shelf(), cell = Cell("a"), numbers = Cell(1.5)
        fill(shelf, 500)
        do { try overfill(&shelf.stock) } catch { print("overfilled", error) }
        for scale in 0..<300 {
            cell[scale] += "b"
            numbers[scale] *= 1.01
        }
        print("accessors", shelf.stock.reduce(0, &+), shelf.changes, cell[0].count, numbers[0])
    }
}
