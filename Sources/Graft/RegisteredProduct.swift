// RegisteredProduct: a product written in C, as whoever runs products sees it.
//
// Owns the translation of the C table's entries, one call each. It knows no manager, and the manager's module does not
// know this one: whoever sees both joins them. Neighbour: include/graft/product.h.

internal import CGraft

/// A product that a C program registered with `graft_product_register`.
///
/// ```swift
/// for product in RegisteredProduct.takeAll() { print(product.name, product.requires) }
/// ```
///
/// Its methods call the C functions on the calling thread; one at a time is the caller's business. Each returns what the
/// product says is wrong, or nil.
public struct RegisteredProduct: @unchecked Sendable {
    // Safe: what was taken stays valid and unchanged for the life of the process, by product.h.
    private let product: UnsafePointer<graft_product>

    /// Its name. Text that is not UTF-8 is repaired.
    public let name: String
    /// The names of the products that must have started before it.
    public let requires: [String]

    /// Reads what stands in the table.
    private init(_ product: UnsafePointer<graft_product>) {
        self.product = product
        name = String(cString: product.pointee.name)
        var requires: [String] = []
        if var next = product.pointee.requirements {
            while let requirement = next.pointee {
                requires.append(String(cString: requirement))
                next += 1
            }
        }
        self.requires = requires
    }

    /// Takes every product that is registered and was not taken yet. Each is given out once in the life of the process,
    /// and cannot be withdrawn afterwards. Any thread.
    public static func takeAll() -> [RegisteredProduct] {
        var taken: [RegisteredProduct] = []
        while let product = graft_product_take() { taken.append(RegisteredProduct(product)) }
        return taken
    }

    /// Starts it.
    public func start() -> String? { Self.text(product.pointee.start(product.pointee.context)) }
    /// Starts it anew in a forked child.
    public func restart(join: Bool) -> String? { Self.text(product.pointee.restart(product.pointee.context, join)) }
    /// Stops it.
    public func stop(join: Bool) -> String? { Self.text(product.pointee.stop(product.pointee.context, join)) }
    /// Stops it because the process ends.
    public func atExit(join: Bool) -> String? { Self.text(product.pointee.at_exit(product.pointee.context, join)) }
    /// Completes its start; nothing to do for one that has no such function.
    public func postPreload() -> String? { Self.text(product.pointee.post_preload?(product.pointee.context)) }
    /// Prepares it for a fork, if it wants to be.
    public func beforeFork() { product.pointee.before_fork?(product.pointee.context) }
    /// Tells it in the parent that the fork is over, if it wants to know.
    public func afterForkInParent() { product.pointee.after_fork_in_parent?(product.pointee.context) }

    /// The sentence, copied: it is valid until the next call only.
    private static func text(_ sentence: UnsafePointer<CChar>?) -> String? { sentence.map { String(cString: $0) } }
}
