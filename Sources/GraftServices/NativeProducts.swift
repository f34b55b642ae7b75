// NativeProducts: products that are written in C, run by the manager of a Swift program.
//
// Owns the joint between two rooms that do not know each other: the table of C products, and the manager. It needs no
// package trait. Neighbours: include/graft/product.h is how C registers, RegisteredProduct how Swift takes.

internal import Graft
public import GraftProducts

/// A C product in the manager's eyes.
private struct NativeProduct: Product {
    /// What was taken from the table.
    let product: RegisteredProduct

    var name: String { product.name }
    var requires: [String] { product.requires }
    func start() throws { try check(product.start()) }
    func restart(join: Bool) throws { try check(product.restart(join: join)) }
    func stop(join: Bool) throws { try check(product.stop(join: join)) }
    func atExit(join: Bool) throws { try check(product.atExit(join: join)) }
    func postPreload() throws { try check(product.postPreload()) }
    func beforeFork() { product.beforeFork() }
    func afterForkInParent() { product.afterForkInParent() }

    /// Throws what the product says is wrong.
    private func check(_ sentence: String?) throws {
        if let sentence { throw NativeProductError(description: sentence) }
    }
}

/// What a C product says is wrong.
private struct NativeProductError: Error, CustomStringConvertible {
    /// The product's sentence.
    let description: String
}

extension ProductManager {
    /// Registers every product that C code has registered with `graft_product_register` and nobody has taken yet. They
    /// start with the next `start()`, among the others in the order of the requirements, which may be Swift's or C's.
    ///
    /// ```swift
    /// for refusal in manager.registerNativeProducts() { logger.error("\(refusal)") }
    /// manager.start()
    /// ```
    ///
    /// Each C product is given out once in the life of the process, to the manager that asks first. What one of its functions
    /// returns as wrong is its error, as what a Swift product throws.
    ///
    /// - Returns: why a product was refused, one for each that was: its name is taken, say. The others are registered.
    public func registerNativeProducts() -> [ProductError] {
        RegisteredProduct.takeAll().compactMap { product in
            do throws(ProductError) {
                try register(NativeProduct(product: product))
                return nil
            } catch {
                return error
            }
        }
    }
}
