// main.swift: the demonstration's own program: a shop that takes orders all day and knows nothing of Graft.
//
// Owns one thread that orders, and a conversation on standard input: "coupon PATH" loads a library and asks it for a
// reduction at every order from then on; the end of the input closes the shop. Neighbour: ../coupon/Coupon.swift.

import Dispatch
import Glibc
import Synchronization

/// One line of a customer's order.
struct Order {
    /// The price of one piece, in cents.
    let unit: Int

    /// The price of so many pieces, in cents; every tenth is free.
    @inline(never)
    func price(quantity: Int) -> Int { unit * (quantity - quantity / 10) }
}

/// What a customer carries to the till.
struct Cart {
    /// Its lines.
    var lines: [(order: Order, quantity: Int)] = []

    /// The price of everything, in cents.
    @inline(never)
    func total() -> Int {
        lines.reduce(0) { $0 + $1.order.price(quantity: $1.quantity) }
    }
}

/// The shop.
final class Shop: Sendable {
    /// What a coupon makes of a price.
    typealias Coupon = @convention(c) (Int) -> Int

    /// The coupon in force; nil before one was loaded.
    private let coupon = Mutex<Coupon?>(nil)

    /// Serves one customer and returns what was paid.
    @inline(never)
    func serve(customer: Int) -> Int {
        let cart = Cart(lines: (1...3).map { (Order(unit: 100 * $0), customer % 20 + $0) })
        let coupon = coupon.withLock { $0 }
        return coupon?(cart.total()) ?? cart.total()
    }

    /// Loads a coupon from a library; false when there is none.
    func accept(couponAt path: String) -> Bool {
        guard let library = dlopen(path, RTLD_NOW), let symbol = dlsym(library, "coupon_apply") else { return false }
        coupon.withLock { $0 = unsafeBitCast(symbol, to: Coupon.self) }
        return true
    }
}

let shop = Shop()
DispatchQueue.global().async {
    var taken = 0
    for customer in 0... {
        taken &+= shop.serve(customer: customer)
        usleep(1000)
    }
}
while let line = readLine() {
    let words = line.split(separator: " ", maxSplits: 1)
    if words.count == 2, words[0] == "coupon", !shop.accept(couponAt: String(words[1])) {
        print("the coupon is not valid")
    }
}
