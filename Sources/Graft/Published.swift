// Published.swift: one object that a writer replaces while any thread reads it, and readers never wait.
//
// Owns the way from a section of the core to a borrowed reference: no lock, no allocation, no retain. When a value may
// be released is decided in published.c. Neighbours: none.

internal import CGraft

/// A value that is read often, by any thread, and replaced seldom, as a whole.
///
/// ```swift
/// let settings = try Published(Settings())
/// let timeout = settings.withValue { $0.timeout }
/// try settings.replace(with: Settings(timeout: 5))
/// ```
///
/// A read takes no lock, allocates nothing and counts no reference, so that readers on several processors share no cache line that is
/// written. Only the first read of a thread may allocate. Needs no `Instrumentation.start`; may be used in a handler, too.
public final class Published<Value: AnyObject & Sendable>: Sendable {
    /// The core's object.
    @usableFromInline let handle: PublishedHandle

    /// Publishes a value.
    ///
    /// - Throws: `noMemory`.
    public init(_ value: Value) throws(GraftError) {
        handle = try PublishedHandle(Unmanaged.passRetained(value).toOpaque())
    }

    deinit { handle.close() }

    /// Calls `body` with the present value, which is not released before `body` returns, whatever replaces it meanwhile.
    ///
    /// While `body` runs, no value that was replaced since then is released, of any `Published`: it should not take long, and
    /// can't be `async`. It may read and replace, this one as well.
    @inlinable
    public func withValue<Output, Failure: Error>(
        _ body: (_ value: Value) throws(Failure) -> Output
    ) throws(Failure) -> Output {
        let value = handle.enter()
        defer { handle.leave() }
        // A Result, because what borrows without a retain knows untyped errors only.
        let result = Unmanaged<Value>.fromOpaque(value)._withUnsafeGuaranteedRef { value in
            do throws(Failure) {
                return Result<Output, Failure>.success(try body(value))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The present value, with a reference of its own: for keeping. Where it is only looked at, `withValue` costs less.
    @inlinable public var current: Value {
        let value = handle.enter()
        defer { handle.leave() }
        return Unmanaged<Value>.fromOpaque(value).takeUnretainedValue()
    }

    /// Publishes another value. Reads that begin afterwards see it, or a later one. Waits for no reader and for no other writer.
    ///
    /// Releases, on this thread, what was replaced before and nobody sees any more; `reclaim` says what to do about the rest.
    ///
    /// - Throws: `noMemory`; then nothing has changed.
    public func replace(with value: Value) throws(GraftError) {
        let reference = Unmanaged.passRetained(value)
        let status = handle.replace(reference.toOpaque())
        if status != GRAFT_OK { reference.release() }
        try GraftError.check(status)
    }

    /// Releases, on this thread, what was replaced and nobody sees any more. Costs next to nothing when nothing was left.
    ///
    /// - Returns: whether all was released. False when something had to be left, since a read was under way: then it should be called
    ///   again after some milliseconds, or what was replaced last stays in memory until the next `replace`; nobody else does so.
    @discardableResult public func reclaim() -> Bool { handle.reclaim() }
}

/// The core's object, whatever its values are. A value is an object with one reference that is ours.
@usableFromInline struct PublishedHandle: Sendable {
    /// The object, as an address. Immutable; any thread may use what it points to.
    private let address: UInt

    /// Publishes a value.
    init(_ value: UnsafeMutableRawPointer) throws(GraftError) {
        var raw: OpaquePointer?
        let status = graft_published_create(value, Self.release, &raw)
        if status != GRAFT_OK { Self.release(value) }
        try GraftError.check(status)
        address = UInt(bitPattern: raw)
    }

    /// The object, as C wants it.
    private var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }

    /// Opens a section and returns the present value.
    @usableFromInline func enter() -> UnsafeRawPointer {
        graft_published_enter(pointer).unsafelyUnwrapped  // never null: no null is ever published
    }

    /// Closes the section.
    @usableFromInline func leave() { graft_published_leave(pointer) }

    /// Publishes another value.
    func replace(_ value: UnsafeMutableRawPointer) -> graft_status { graft_published_replace(pointer, value) }

    /// Releases what nobody sees any more.
    func reclaim() -> Bool { graft_published_reclaim(pointer) }

    /// Releases every value, and frees the object.
    func close() { graft_published_destroy(pointer) }

    /// Gives up our reference to a value.
    private static let release: @convention(c) (UnsafeMutableRawPointer?) -> Void = { value in
        guard let value else { return }
        Unmanaged<AnyObject>.fromOpaque(value).release()
    }
}
